//! Papers done again: each one's protocol, its numbers and ours side by side.

mod deep_smote;
mod eos;
mod fair_oversampling;
mod fragility;
mod store;

pub use deep_smote::{
    AgainstControl, Budget as ImageBudget, ImageExperimentKind, ImageNumber, ImageRanks,
    ImageReproduceOptions, ImageReproduction, PaperImages, RatioPoint, RatioSweep, Remedy, RemedyRow,
    ReproducedSet, image_reproduction_page, reproduce_deep_smote,
};
pub use eos::{
    CostRow, CostWay, EosBudget, EosImages, EosPart, EosReproduceOptions, EosReproduction, EosSet, GapCurve,
    GapMoment, HeadRow, LossGap, LossTable, NeighbourCurve, eos_reproduction_page, reproduce_eos,
};
pub use fair_oversampling::{
    Agreement, CellPicture, CellPoint, CheckedBand, Claim, FeatureImportance, Importance, NeededFile, Ours,
    Part as ReproducedPart, ReproduceOptions, ReproducedNumber, ReproducedRow, ReproducedTable, Reproduction,
    SkippedData, Student, Sweep, SweptLevel, SweptLine, Treatment, UsedData, reproduce_fair_oversampling,
    reproduction_page,
};
pub use fragility::{
    Choice as ChosenBy, ChosenClass, ChosenRows, ClassNumbers, ClassWhenRare, DiversityStudy,
    FRAGILITY_LOSSES, FragileLoss, FragileSet, FragilityBudget, FragilityClaim, FragilityImages,
    FragilityOptions, FragilityPart, FragilityReproduction, GoldenClass, GoldenHead, Holds, MeanAndDeviation,
    NetworkNumbers, Raised, RaisedClass, StudyCorrelation, Version as StudyVersion, fragility_page,
    reproduce_fragility,
};
