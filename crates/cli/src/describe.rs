//! `counterpoise describe`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{
    Adjustment, Adversarial, Candidate, Compare, DeepSmote, Description, DiagnoseOptions, Error, HeadMethod,
    HeadTraining, Learner, Loss, Method, Mixup, Parameter, Remix, SamplingError, TrainOptions, nearest_name,
};

use crate::terminal::{self, table, wrapped};

pub(crate) fn run(name: Option<&str>, json: bool) -> Result<()> {
    let Some(name) = name else { return list(json) };
    if let Some((name, about)) = Candidate::cheap().find(|(cheap, _)| *cheap == name) {
        return if json {
            terminal::print(&format!("{}\n", serde_json::json!({"name": name, "idea": about})))
        } else {
            terminal::print(&format!("{name}\n\n{}\n", wrapped(about, "", 96)))
        };
    }
    if let Some((name, adjustment)) = Adjustment::NAMES.iter().find(|(known, _)| *known == name) {
        let about = adjustment.idea();
        return if json {
            terminal::print(&format!("{}\n", serde_json::json!({"name": name, "idea": about})))
        } else {
            terminal::print(&format!(
                "{name}\n\n{}\n\n`counterpoise adjust NETWORK --method {name}` does it.\n",
                wrapped(about, "", 96)
            ))
        };
    }
    if name == "losses" {
        let all = losses()?;
        return if json {
            terminal::print(&format!("{}\n", serde_json::to_string_pretty(&all)?))
        } else {
            let rows = all.into_iter().map(row).collect();
            terminal::print(&table(&["loss", "idea"], &[], rows))
        };
    }
    if name == "heads" {
        let all = HeadMethod::NAMES.map(|(name, method)| vec![name.to_owned(), method.idea().to_owned()]);
        return if json {
            let named = |(name, method): &(&str, HeadMethod)| serde_json::json!({"name": name, "idea": method.idea()});
            let all: Vec<_> = HeadMethod::NAMES.iter().map(named).collect();
            terminal::print(&format!("{}\n", serde_json::to_string_pretty(&all)?))
        } else {
            terminal::print(&table(&["head", "idea"], &[], all.to_vec()))
        };
    }
    if let Some(option) = option_of_train(name) {
        return if json {
            let option = serde_json::json!({"name": name, "part-of": "train", "option": option});
            terminal::print(&format!("{option:#}\n"))
        } else {
            terminal::print(&format!(
                "{name}, for the option `{}` of `counterpoise train`\n{}\n`counterpoise describe train` lists all options.\n",
                option.name,
                option_in_words(&option)
            ))
        };
    }
    let description = if name == "compare" {
        Description::of::<Compare>("compare")
    } else if ["deepsmote", "deep-smote"].contains(&name) {
        Description::of::<DeepSmote>("deepsmote")
    } else if ["adversarial-debiasing", "adversarial"].contains(&name) {
        Description::of::<Adversarial>("adversarial-debiasing")
    } else if name == "train" {
        Description::of::<TrainOptions>("train")
    } else if name == "head" {
        Description::of::<HeadTraining>("head")
    } else if ["diagnose", "explain"].contains(&name) {
        Description::of::<DiagnoseOptions>("diagnose")
    } else if name == "mixup" {
        Description::of::<Mixup>("mixup")
    } else if name == "remix" {
        Description::of::<Remix>("remix")
    } else if let Ok(model) = Learner::describe(name) {
        model
    } else if let Ok(loss) = Loss::describe(name) {
        loss
    } else {
        Method::describe(name).map_err(|error| unknown(name, error))?
    };
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&description)?));
    }
    terminal::print(&in_words(&description))
}

fn row(description: Description) -> Vec<String> {
    vec![description.name, description.idea]
}

fn losses() -> Result<Vec<Description>, Error> {
    let all: Result<Vec<_>, _> = Loss::names().iter().map(|name| Loss::describe(name)).collect();
    Ok(all?)
}

/// Options of `train` that take names, each with more names than those of its words.
const TRAIN: [(&str, &[&str]); 5] = [
    ("network", &["networks"]),
    ("optimizer", &["optimizers", "sgd", "adam"]),
    ("schedule", &["schedules", "rate"]),
    ("sampler", &["samplers"]),
    ("mix", &[]),
];

/// The option of `train` that a name is one of, or is called by. A loss of the same name comes first.
fn option_of_train(name: &str) -> Option<Parameter> {
    if Loss::names().contains(&name) {
        return None;
    }
    let mut options = Description::of::<TrainOptions>("train").parameters.into_iter();
    options.find(|option| {
        let more = TRAIN.iter().find(|(known, _)| *known == option.name);
        more.is_some_and(|(_, more)| {
            option.name == name || more.contains(&name) || option.words.iter().any(|(word, _)| word == name)
        })
    })
}

/// A name that is near to none of the methods may be near to something else.
fn unknown(name: &str, error: SamplingError) -> Error {
    let train = Description::of::<TrainOptions>("train").parameters;
    let others = Learner::names().iter().chain(Loss::names()).copied();
    let others = others.chain(Adjustment::NAMES.iter().map(|(name, _)| *name));
    let others = others.chain([
        "adversarial-debiasing",
        "compare",
        "deepsmote",
        "diagnose",
        "explain",
        "train",
        "head",
        "heads",
        "losses",
        "mixup",
        "remix",
    ]);
    let words = train.iter().flat_map(|option| &option.words);
    let others = others.chain(words.map(|(word, _)| word.as_str()));
    let others = others.chain(TRAIN.iter().flat_map(|(_, more)| more.iter().copied()));
    match (
        nearest_name(name, Method::names().iter().copied()),
        nearest_name(name, others),
    ) {
        (None, Some(near)) => Error::Config {
            place: "describe".into(),
            problem: format!("nothing is called `{name}`"),
            hint: Some(format!(
                "did you mean `{near}`? `counterpoise describe` lists all"
            )),
        },
        _ => error.into(),
    }
}

fn list(json: bool) -> Result<()> {
    let all: Vec<Description> = Method::names()
        .iter()
        .map(|name| Method::describe(name))
        .collect::<Result<_, _>>()
        .map_err(Error::from)?;
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    }
    let methods = table(&["method", "idea"], &[], all.into_iter().map(row).collect());
    let models: Vec<Description> = Learner::names()
        .iter()
        .map(|name| Learner::describe(name))
        .collect::<Result<_, _>>()
        .map_err(Error::from)?;
    let models = table(&["model", "idea"], &[], models.into_iter().map(row).collect());
    let cheap = Candidate::cheap().map(|(name, about)| vec![name.to_owned(), about.to_owned()]);
    let cheap = table(&["beside them", "idea"], &[], cheap.collect());
    let losses = table(&["loss", "idea"], &[], losses()?.into_iter().map(row).collect());
    let adjustments = Adjustment::NAMES.map(|(name, kind)| vec![name.to_owned(), kind.idea().to_owned()]);
    let adjustments = table(&["adjustment", "idea"], &[], adjustments.to_vec());
    terminal::print(&format!(
        "{methods}\nModels, for `counterpoise compare`:\n\n{models}\nWhat `compare` takes besides methods:\n\n{cheap}\nLosses of networks, for `counterpoise train`:\n\n{losses}\nWhat can be done to a trained network, for `counterpoise adjust`:\n\n{adjustments}\n`counterpoise describe NAME` tells more; `counterpoise describe compare` tells how they are compared,\n`counterpoise describe train` how networks are trained, `head` and `heads` how last layers are, `diagnose` how models are explained, and `counterpoise describe deepsmote` how pictures are made.\n"
    ))
}

fn in_words(description: &Description) -> String {
    let mut text = format!("{}\n\n", description.name);
    for paragraph in [&description.idea, &description.when] {
        if !paragraph.is_empty() {
            let _ = writeln!(text, "{}\n", wrapped(paragraph, "", 96));
        }
    }
    text.push_str("Options:\n");
    for parameter in &description.parameters {
        text.push_str(&option_in_words(parameter));
    }
    let _ = writeln!(text, "\nSource\n{}", wrapped(description.source.trim(), "  ", 96));
    text
}

fn option_in_words(parameter: &Parameter) -> String {
    let mut text = format!(
        "\n  {}  [{}; default {}]\n",
        parameter.name, parameter.values, parameter.default
    );
    let _ = writeln!(text, "{}", wrapped(&parameter.about, "      ", 96));
    for (word, about) in &parameter.words {
        let line = wrapped(&format!("{word}: {about}"), "          ", 96);
        let _ = writeln!(text, "{}", line.replacen("          ", "        - ", 1));
    }
    text
}
