//! Papers done again: each one's protocol, its numbers and ours side by side.

mod deep_smote;
mod elsi;
mod eos;
mod fair_oversampling;
mod fragility;
mod store;

use counterpoise_base::nearest_name;

use crate::Error;

pub use deep_smote::{
    AgainstControl, Budget as ImageBudget, ImageExperimentKind, ImageNumber, ImageRanks,
    ImageReproduceOptions, ImageReproduction, PaperImages, RatioPoint, RatioSweep, Remedy, RemedyRow,
    ReproducedSet, image_reproduction_page, reproduce_deep_smote,
};
pub use elsi::{
    ElsiReproduceOptions, ElsiReproduction, ElsiTopic, OnlyOne, elsi_reproduction_page, reproduce_elsi,
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

/// A flag or a setting that cannot be run.
fn wrong(place: &str, problem: String, hint: String) -> Error {
    Error::Config {
        place: place.to_owned(),
        problem,
        hint: Some(hint),
    }
}

/// How often test rows are drawn. The ends of an interval of 95 % are the smallest and largest of 20 draws.
fn check_draws(draws: usize) -> Result<(), Error> {
    if draws < 20 {
        let hint = "give a number of 20 or more".to_owned();
        return Err(wrong("--draws", format!("{draws} are too few"), hint));
    }
    Ok(())
}

/// Data sets of which there has to be one.
fn check_sets<T>(wanted: &[T], known: &[&str]) -> Result<(), Error> {
    if wanted.is_empty() {
        let hint = format!("data sets are {}", known.join(", "));
        return Err(wrong("--dataset", "no data set is named".into(), hint));
    }
    Ok(())
}

/// A name that is none of those there are.
fn unknown<'a>(place: &str, what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Error {
    let hint = match nearest_name(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("give one of {}", known.collect::<Vec<_>>().join(", ")),
    };
    wrong(place, format!("there is no {what} `{name}`"), hint)
}
