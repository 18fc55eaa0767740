//! Finds, explains and repairs what data under-represents: rare classes, protected groups.
//!
//! This crate puts the floors below together: [`profile()`] says what a table lacks, [`Experiment`] is a whole run as
//! a TOML file, and the pages show both. Methods, tables and readers are re-exported.

mod audit;
pub mod bundled;
mod command_line;
mod compare;
mod device;
pub mod elsi;
mod eos;
mod equal_rows;
mod error;
mod experiment;
mod explain;
mod few_of_each;
mod images;
mod leakage;
mod measured;
mod memory;
mod merge;
mod network_data;
mod networks;
mod pages;
mod picture;
mod profile;
mod reproduce;
mod tables;
mod user_cache;

pub use audit::{
    Audit, AuditCell, AuditFinding, AuditGroup, AuditGrouping, AuditMeasure, AuditOptions, AuditPart,
    FindingKind, RateEstimate, audit, audit_page,
};
pub use compare::{
    Advice, Advised, Calibrated, Candidate, Compare, ComparedGrouping, ComparedGroups, ComparedMethod,
    Comparison, Failure, FairScores, Model as ComparedModel, Score, Seconds, State, Times, Verdict,
    VerdictKind, advice_page, advise, compare, comparison_page,
};
pub use counterpoise_base::{
    Description, Event, HeadKind, Kind, Observer, Parameter, Resampled, Table, Warning, agree, counted,
    nearest_name,
};
pub use counterpoise_data::{
    Bins, Carry, ColumnSummary, CountTable, EmbeddingOptions, Error as DataError, GroupColumns, ImageFacts,
    ImageFormat, ImageOptions, ImageOutput, Imbalance, Keep, Missing, OutputOptions, PredictionColumns,
    Prepared, Read, ReadImages, ReadOptions, Roles, Writer, WrittenImages, check_images, hold_out,
    make_imbalance, make_imbalance_of, output_chunks, prepare, read_bytes, read_images, read_table,
    remove_partial_files, schema_of, stratified_k_fold, write_images, write_images_with_shares,
};
pub use counterpoise_deep::{
    Adversarial, DeepSmote, DeviceKind, Error as DeepError, HeadTraining, Loss, Mixup, Quality, Remix,
    Scores, TrainOptions,
};
pub use counterpoise_diagnose::{
    Action, ArchetypeRows, ClassAdversaries, ClassArchetypes, ClassChange, ClassSummary,
    Comparison as ModelComparison, DiagnoseOptions, Diagnosis, Finding as ClassFinding, Kinship,
    Recommendation, Severity,
};
pub use counterpoise_learn::{Error as LearnError, Learner};
pub use counterpoise_metrics::{
    Bootstrap, Error as MetricsError, Estimate as Interval, GroupMeasure, IntervalKind, Measure,
};
pub use counterpoise_neighbors::Error as NeighborsError;
pub use counterpoise_report::{Page, TableBlock};
pub use counterpoise_sampling::{
    Chooser, Cost, Error as SamplingError, Method, Plan, PlannedClass, Resample, Run, Strategy,
};
pub use eos::{
    Assembled, Augmented, ComparedHead, EosOptions, EosOutcome, EosRun, Extract, Extracted, ExtractedRows,
    FittedHead, Frozen, Grid, HeadFile, HeadMethod, HeadOptions, HeadOutcome, PairedScore, PairedScores,
    Seen, Tried, assemble, augment_embeddings, compare_heads, eos_page, extract, read_head, run_eos,
    train_head,
};
pub use error::Error;
pub use experiment::{DataPart, Estimate, Experiment, Outcome, OutputPart, ReportPart, with_side_file};
pub use explain::{
    Against, ComparedModels, Explain, ExplainEmbeddings, ExplainNetwork, ExplainSubject, ExplainedLargest,
    ExplainedNeighbors, ExplainedPictures, ExplainedRows, Explanation, Looks, NextStep, RequiredFeature,
    RequiredOfClass, TestRows, Typed, check_tables, explain, explain_largest, explain_neighbors,
    explanation_page, write_tables,
};
pub use few_of_each::few_of_each;
pub use images::{
    AdjustOptions, Adjusted, Adjustment, BalancedPart, DeepSmoteExperiment, DeepSmoteFit, DeepSmoteModel,
    EvaluateOptions, FirstPictures, ForeignNetwork, ImageExperiment, ImagePart, MadeImages, QualityPart,
    Side as ImageSide, WrittenBalance, adjust_classifier, deep_smote_page, evaluate_images, evaluated_page,
    first_pictures, fit_deep_smote, quality_table, train_images, training_page,
};
pub use leakage::{
    Copies, Distances, Example, Excess, Finding, LeakageAudit, LeakageFiles, LeakageOptions, LeakageSide,
    LeakageVerdict, NamedTable, Parents, audit_leakage, audit_leakage_of_files, leakage_page,
};
pub use measured::{Measured, MeasuredValue, measure, measured_page};
pub use merge::experiment_of_report;
pub use network_data::NetworkData;
pub use networks::{
    ChooseOn, Evaluated, NetworkTraining, Reads, check_reads, data_of_training, network_reads,
    training_described,
};
pub use pages::{
    check_apart, check_page, check_text, profile_page, quickstart_page, run_page, write_bytes, write_page,
    write_text,
};
pub use picture::{Mark, Picture};
pub use profile::{Cell, ClassProfile, MissingColumn, Neighborhood, Profile, profile};
pub use reproduce::{
    AgainstControl, Agreement, CellPicture, CellPoint, CheckedBand, Claim, CostRow, CostWay, EosBudget,
    EosImages, EosPart, EosReproduceOptions, EosReproduction, EosSet, FeatureImportance, GapCurve, GapMoment,
    HeadRow, ImageBudget, ImageExperimentKind, ImageNumber, ImageRanks, ImageReproduceOptions,
    ImageReproduction, Importance, LossGap, LossTable, NeededFile, NeighbourCurve, Ours, PaperImages,
    RatioPoint, RatioSweep, Remedy, RemedyRow, ReproduceOptions, ReproducedNumber, ReproducedPart,
    ReproducedRow, ReproducedSet, ReproducedTable, Reproduction, SkippedData, Student, Sweep, SweptLevel,
    SweptLine, Treatment, UsedData, eos_reproduction_page, image_reproduction_page, reproduce_deep_smote,
    reproduce_eos, reproduce_fair_oversampling, reproduction_page,
};
pub use reproduce::{
    ChosenBy, ChosenClass, ChosenRows, ClassNumbers, ClassWhenRare, DiversityStudy, FRAGILITY_LOSSES,
    FragileLoss, FragileSet, FragilityBudget, FragilityClaim, FragilityImages, FragilityOptions,
    FragilityPart, FragilityReproduction, GoldenClass, GoldenHead, Holds, MeanAndDeviation, NetworkNumbers,
    Raised, RaisedClass, StudyCorrelation, StudyVersion, fragility_page, reproduce_fragility,
};
pub use reproduce::{
    ElsiReproduceOptions, ElsiReproduction, ElsiTopic, OnlyOne, elsi_reproduction_page, reproduce_elsi,
};
pub use tables::{
    EvaluateTableOptions, TableEncoding, TableExperiment, TablePart, TestTable, evaluate_table,
    evaluated_table_page, table_training_page, train_table,
};
