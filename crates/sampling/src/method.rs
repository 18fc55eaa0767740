use counterpoise_base::{Groups, Labeled, Labels, Resampled, SyntheticValues, choices, nearest_name};

use crate::{
    Adasyn, Amdo, BorderlineSmote, Ccr, DisparateImpactRemover, EditedNearestNeighbours, Eos, Error,
    FairAdasyn, FairBalance, FairBorderlineSmote, FairOversampling, FairSmote, Fawos,
    HeterogeneousFairOversampling, Kind, Massaging, McCcr, McRbo, Plan, RandomOverSampler,
    RandomUnderSampler, Rbo, Resample, Reweighing, Run, Smote, Smoteenn, Smotenc, Transform,
};

choices! {
    /// Any method, with its options: the `[method]` table of a TOML file, told apart by `name`. imbalanced-learn's class
    /// names work too.
    pub enum Method of dyn Resample, else unknown -> Error {
        Smote(Smote) = "smote",
        BorderlineSmote(BorderlineSmote) = "borderline-smote" | "borderline",
        Adasyn(Adasyn) = "adasyn",
        Smotenc(Smotenc) = "smotenc" | "smote-nc",
        RandomOverSampler(RandomOverSampler) = "random-over-sampler" | "ros" | "random-over-sampling" | "rose",
        RandomUnderSampler(RandomUnderSampler) = "random-under-sampler" | "rus" | "random-under-sampling",
        EditedNearestNeighbours(EditedNearestNeighbours) = "edited-nearest-neighbours" | "enn" | "edited-nearest-neighbors",
        Smoteenn(Smoteenn) = "smoteenn",
        Eos(Eos) = "eos",
        Ccr(Ccr) = "ccr",
        McCcr(McCcr) = "mc-ccr" | "multi-class-ccr",
        Rbo(Rbo) = "rbo",
        McRbo(McRbo) = "mc-rbo" | "multi-class-rbo",
        Amdo(Amdo) = "amdo",
        FairOversampling(FairOversampling) = "fair-oversampling" | "fos" | "fair-over-sampling",
        HeterogeneousFairOversampling(HeterogeneousFairOversampling) = "heterogeneous-fair-oversampling" | "hfos" | "heterogeneous-fos",
        FairBorderlineSmote(FairBorderlineSmote) = "fair-borderline-smote" | "fbsmote",
        FairAdasyn(FairAdasyn) = "fair-adasyn" | "fadasyn",
        FairSmote(FairSmote) = "fair-smote",
        Fawos(Fawos) = "fawos",
        Reweighing(Reweighing) = "reweighing",
        FairBalance(FairBalance) = "fair-balance",
        Massaging(Massaging) = "massaging",
        DisparateImpactRemover(DisparateImpactRemover) = "disparate-impact-remover" | "dir" | "disparate-impact-repair",
    }
}

impl Method {
    /// Says which class is the favourable one, where the options name none; other methods do not ask.
    pub fn set_favorable(&mut self, class: &str) {
        let label = match self {
            Self::Fawos(options) => &mut options.favorable_label,
            Self::Massaging(options) => &mut options.favorable_label,
            _ => return,
        };
        label.get_or_insert_with(|| class.to_owned());
    }
}

impl Resample for Method {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let resampled = self.options().resample(data, run)?;
        refuse_infinite(data, &resampled)?;
        Ok(resampled)
    }

    fn kind(&self) -> Kind {
        self.options().kind()
    }

    fn transform(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Option<Box<dyn Transform>>, Error> {
        self.options().transform(data, run)
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        self.options().plan(labels, groups)
    }
}

/// Numbers near the end of their type may leave it between two rows, or by noise.
fn refuse_infinite(data: &Labeled<'_>, resampled: &Resampled) -> Result<(), Error> {
    for (feature, values) in data.features.columns().iter().zip(&resampled.synthetic) {
        let odd = match values {
            SyntheticValues::F64(values) => values.iter().position(|value| value.is_infinite()),
            SyntheticValues::F32(values) => values.iter().position(|value| value.is_infinite()),
            SyntheticValues::Codes(_) => None,
        };
        if let Some(place) = odd {
            let class = resampled.origin[place].class as usize;
            return Err(Error::Infinite {
                column: feature.name.clone(),
                class: data.labels.classes()[class].clone(),
            });
        }
    }
    Ok(())
}

fn unknown(name: &str) -> Error {
    let suggestion = match nearest_name(name, Method::names().iter().copied()) {
        Some(method) => format!("did you mean `{method}`? `counterpoise describe` lists all methods"),
        None => format!("the methods are `{}`", Method::names().join("`, `")),
    };
    Error::UnknownMethod {
        name: name.into(),
        suggestion,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_imbalanced_learn_work() {
        for (given, name) in [
            ("SMOTE", "smote"),
            ("BorderlineSMOTE", "borderline-smote"),
            ("ENN", "edited-nearest-neighbours"),
        ] {
            assert_eq!(Method::from_name(given).expect("a known name").name(), name);
        }
    }

    #[test]
    fn a_misspelt_name_is_guessed() {
        let error = Method::from_name("smoet").expect_err("no such method");
        assert!(error.hint().is_some_and(|hint| hint.contains("`smote`")));
    }

    #[test]
    fn every_method_survives_its_text_and_is_described() {
        for name in Method::names() {
            let method = Method::from_name(name).expect("a listed name");
            let json = serde_json::to_string(&method).expect("options are plain data");
            assert_eq!(
                serde_json::from_str::<Method>(&json).expect("what was written is read"),
                method
            );
            let description = Method::describe(name).expect("a listed name");
            assert!(
                !description.idea.is_empty() && !description.source.is_empty(),
                "{name}"
            );
            assert!(
                description
                    .parameters
                    .iter()
                    .all(|parameter| !parameter.about.is_empty()),
                "{name}"
            );
        }
    }

    #[test]
    fn an_unknown_option_is_an_error() {
        let error =
            serde_json::from_str::<Method>(r#"{"name": "smote", "neighbours": 3}"#).expect_err("misspelt");
        assert!(error.to_string().contains("neighbours"), "{error}");
    }
}
