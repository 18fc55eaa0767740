//! What to do, as commands that can be typed.

use std::path::{Path, PathBuf};

use counterpoise_base::{HeadKind, agree};
use counterpoise_data::Augment;
use counterpoise_deep::{AboutClassifier, Architecture, Loss, Optimizer, Sampler, Schedule, TrainOptions};
use counterpoise_diagnose::{Action, Diagnosis};
use serde::Serialize;

use super::{ExplainEmbeddings, ExplainNetwork, ExplainSubject, TestRows};
use crate::command_line::CommandLine;
use crate::network_data::NetworkData;
use crate::tables::TableEncoding;

/// How inputs were named on a command line, word by word.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// Flags that say which data the model was trained on and how they are read, as `--side training:0.3`, with their values.
    pub reading: Vec<String>,
    /// What says by which rows the model is judged, as `--test same`, with its value.
    pub test: Vec<String>,
    /// Flags that say what the network in a file of another program is, with their values.
    pub foreign: Vec<String>,
    /// The share that was held out, if that was said.
    pub validation: Vec<String>,
    /// All words that name the model and its rows.
    pub subject: Vec<String>,
}

/// Something to do for some classes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextStep {
    /// What.
    pub action: Action,
    /// For which classes, that with the lowest recall first.
    pub classes: Vec<String>,
    /// What it does, in a sentence.
    pub what: String,
    /// What speaks for caution.
    pub caution: Option<String>,
    /// What to type, line after line; none where no command can do it.
    pub commands: Vec<String>,
}

/// Actions in the order of what they cost.
const ACTIONS: [Action; 6] = [
    Action::CorrectLess,
    Action::Threshold,
    Action::Eos,
    Action::TrainLonger,
    Action::Resample,
    Action::CollectMore,
];

/// What to do, the cheapest first.
pub(super) fn steps(
    diagnosis: &Diagnosis,
    subject: &ExplainSubject,
    about: Option<&AboutClassifier>,
    typed: &Typed,
) -> Vec<NextStep> {
    let recall = |class: usize| diagnosis.summaries[class].recall.unwrap_or(1.0);
    let step = |action: Action| {
        let mut classes: Vec<usize> = (0..diagnosis.classes.len())
            .filter(|&class| diagnosis.recommendations[class].action == action)
            .collect();
        classes.sort_by(|&a, &b| recall(a).total_cmp(&recall(b)));
        let classes: Vec<String> = classes
            .into_iter()
            .map(|class| diagnosis.classes[class].clone())
            .collect();
        (!classes.is_empty()).then(|| NextStep {
            action,
            what: what(action, subject, classes.len()),
            caution: takes_long(action, subject).or_else(|| caution(action, about)),
            commands: commands(action, subject, about, typed),
            classes,
        })
    };
    ACTIONS.into_iter().filter_map(step).collect()
}

fn what(action: Action, subject: &ExplainSubject, classes: usize) -> String {
    let pictures = match subject {
        ExplainSubject::Network(subject) => matches!(subject.data, NetworkData::Pictures(_)),
        ExplainSubject::Embeddings(_) => false,
    };
    let (it, their) = (
        agree(classes, "the class", "these classes"),
        agree(classes, "its", "their"),
    );
    match action {
        Action::Threshold if matches!(subject, ExplainSubject::Embeddings(_)) && !is_linear(subject) => {
            format!(
                "Train the last layer anew with a loss that corrects for how rare {it} {} in training. Features stay as they are.",
                agree(classes, "was", "were")
            )
        }
        Action::CorrectLess => {
            format!(
                "The model gives {it} up for rare classes. Take it as it was before it was corrected for them, or correct it less: a smaller tau, weights nearer to 1."
            )
        }
        Action::Threshold if is_linear(subject) => {
            format!(
                "Move the threshold, or weigh rows by how rare {it} {} in training. Features stay as they are.",
                agree(classes, "was", "were")
            )
        }
        Action::Threshold => {
            format!(
                "Correct the logits for how rare {it} {} in training. Nothing is trained anew.",
                agree(classes, "was", "were")
            )
        }
        Action::Eos => {
            format!(
                "Make rows for {it} in feature space, on the way to {their} nearest enemies, and train the last layer anew on them."
            )
        }
        Action::Resample if pictures => {
            format!(
                "Make pictures of {it} with DeepSMOTE, and train the whole network anew on them: {their} features have to change."
            )
        }
        Action::Resample if is_linear(subject) => {
            format!(
                "The model does not fit {their} own training rows: balance the rows, or take a model that bends."
            )
        }
        Action::Resample => {
            format!(
                "Make rows of {it} before the features are learnt, and train anew on them: {their} features have to change."
            )
        }
        Action::TrainLonger if is_linear(subject) => {
            format!("The model does not fit {their} own training rows: take a model that bends.")
        }
        Action::TrainLonger => {
            format!(
                "Train longer, or take a larger network: {it} {} not rare, and {their} own training rows are not fitted.",
                agree(classes, "is", "are")
            )
        }
        Action::CollectMore => {
            format!(
                "Collect more rows of {it}, above all such as those that are misclassified now. The table of misclassified rows lists them."
            )
        }
        Action::Nothing => String::new(),
    }
}

/// What training has done about the sizes of classes, in words.
fn corrected(about: &AboutClassifier) -> Option<String> {
    if !about.afterwards.is_empty() {
        return Some(format!(
            "its last layer was changed after training ({})",
            about.afterwards.join("; ")
        ));
    }
    let options = about.options.as_ref()?;
    let loss = &options.loss;
    if loss.favours_rare_classes() {
        return Some(format!(
            "it was trained with the loss `{}`, which favours rare classes already",
            loss.name()
        ));
    }
    if matches!(loss, Loss::Focal(_) | Loss::Asymmetric(_)) {
        return Some(format!(
            "it was trained with the loss `{}`, after which logits are no logarithms of probabilities",
            loss.name()
        ));
    }
    (options.sampler != Sampler::default())
        .then(|| "rare classes were drawn more often in training".to_owned())
}

/// How long a step takes that takes long.
fn takes_long(action: Action, subject: &ExplainSubject) -> Option<String> {
    let ExplainSubject::Network(subject) = subject else {
        return None;
    };
    let pictures = matches!(subject.data, NetworkData::Pictures(_));
    (action == Action::Resample && pictures).then(|| {
        "`deepsmote fit` walks 200 times through the pictures, which takes hours for ten thousand of them on two cores; `--epochs 20` tries it."
            .into()
    })
}

fn caution(action: Action, about: Option<&AboutClassifier>) -> Option<String> {
    let corrected = corrected(about?)?;
    match action {
        Action::Threshold => Some(format!(
            "A correction with tau = 1 may overshoot: {corrected}. `adjust` chooses tau on held-out rows; look at the larger classes, too."
        )),
        Action::Eos => Some(format!("Compare before you keep it: {corrected}.")),
        _ => None,
    }
}

/// Whether the model is a table of weights.
pub(super) fn is_linear(subject: &ExplainSubject) -> bool {
    let ExplainSubject::Embeddings(subject) = subject else {
        return false;
    };
    let content = subject.head.as_deref().map(counterpoise_data::content_of);
    content.is_some_and(|content| content != counterpoise_data::Content::Pictures)
}

fn commands(
    action: Action,
    subject: &ExplainSubject,
    about: Option<&AboutClassifier>,
    typed: &Typed,
) -> Vec<String> {
    if action == Action::CorrectLess {
        return Vec::new();
    }
    if action == Action::CollectMore {
        return vec![
            CommandLine::new("explain")
                .words(&typed.subject)
                .word("--tables")
                .word("explained")
                .end(),
        ];
    }
    match (subject, about) {
        (ExplainSubject::Network(subject), Some(about)) => match &subject.data {
            NetworkData::Pictures(_) => of_pictures(action, subject, about, typed),
            NetworkData::Table { path, .. } => of_table(action, subject, path, about, typed),
        },
        (ExplainSubject::Embeddings(files), _) if is_linear(subject) => of_linear(action, files),
        (ExplainSubject::Embeddings(files), _) => of_features(action, files, typed),
        (ExplainSubject::Network(_), None) => Vec::new(),
    }
}

/// `net.safetensors` with a word before its extension, or `net.npz` with a word instead of it, in the folder where the command is
/// typed.
fn beside(file: &Path, word: &str) -> PathBuf {
    let name = PathBuf::from(file.file_name().unwrap_or(file.as_os_str()));
    name.with_extension(format!("{word}.safetensors"))
}

/// Networks whose last features are not normalised need smaller steps of the head.
fn steps_of_head(about: &AboutClassifier) -> Vec<String> {
    match about.network {
        Architecture::LeNet | Architecture::Mlp { .. } => {
            vec!["--set".into(), "head.schedule.rate=0.02".into()]
        }
        _ => Vec::new(),
    }
}

/// How the network was trained, for so many times as many epochs; nothing where that is not said.
fn as_before(about: &AboutClassifier, times: usize) -> Vec<String> {
    let Some(options) = &about.options else {
        return Vec::new();
    };
    let mut usual = TrainOptions::default();
    usual.network = options.network.clone();
    usual.head = options.head;
    let mut words = vec![
        "--epochs".to_owned(),
        (times * options.epochs.get()).to_string(),
        "--batch".to_owned(),
        options.batch_size.to_string(),
        "--seed".to_owned(),
        about.seed.to_string(),
    ];
    (usual.epochs, usual.batch_size) = (options.epochs, options.batch_size);
    let adam = Optimizer::Adam { weight_decay: 0.0 };
    if options.optimizer == adam {
        words.extend(["--optimizer", "adam"].map(String::from));
        usual.optimizer = adam;
        usual.schedule = Schedule::constant(1e-3);
    } else if options.optimizer == usual.optimizer {
        words.extend(["--optimizer", "sgd"].map(String::from));
    }
    if options.loss != usual.loss
        && Loss::from_name(options.loss.name()).is_ok_and(|loss| loss == options.loss)
    {
        words.extend(["--loss".to_owned(), options.loss.name().to_owned()]);
        usual.loss = options.loss.clone();
    }
    if options.head == HeadKind::Cosine && !matches!(options.loss, Loss::Ldam(_)) {
        words.extend(["--set", "train.head=cosine"].map(String::from));
    }
    words.extend(set_where_other("train", options, &usual));
    if let Some(augment) = &about.augment {
        let mut usual = Augment::default();
        if augment.pad > 0 {
            words.extend(["--pad".to_owned(), augment.pad.to_string()]);
            usual.pad = augment.pad;
        }
        if augment.flip {
            words.push("--flip".into());
            usual.flip = true;
        }
        words.extend(set_where_other("augment", augment, &usual));
    }
    words
}

/// `--set` for each option that is not the usual one.
fn set_where_other<T: Serialize>(table: &str, options: &T, usual: &T) -> Vec<String> {
    let fields = |options: &T| toml::Table::try_from(options).unwrap_or_default();
    let usual = fields(usual);
    fields(options)
        .into_iter()
        .filter(|(name, value)| usual.get(name) != Some(value))
        .flat_map(|(name, value)| ["--set".to_owned(), format!("{table}.{name}={value}")])
        .collect()
}

/// A look at what a step brought.
fn look(typed: &Typed, model: &Path) -> String {
    CommandLine::new("explain")
        .words(&typed.subject)
        .word("--against")
        .path(model)
        .end()
}

fn of_pictures(
    action: Action,
    subject: &ExplainNetwork,
    about: &AboutClassifier,
    typed: &Typed,
) -> Vec<String> {
    let (network, data) = (&subject.network, subject.data.path());
    match action {
        Action::Threshold => adjusted(network, data, typed),
        Action::Eos => {
            let made = beside(network, "eos");
            let run = CommandLine::new("eos run")
                .path(data)
                .words(&typed.reading)
                .words(&typed.test)
                .words(&typed.validation)
                .word("--from")
                .path(network)
                .words(&typed.foreign)
                .words(&steps_of_head(about));
            vec![run.word("--output").path(&made).end(), look(typed, &made)]
        }
        Action::TrainLonger => longer(train_again(data, about, typed), network, about, typed),
        Action::Resample | Action::CollectMore | Action::CorrectLess | Action::Nothing => {
            let made = beside(network, "deepsmote");
            let fit = CommandLine::new("deepsmote fit").path(data).words(&typed.reading);
            let generate = CommandLine::new("deepsmote generate deepsmote.safetensors")
                .path(data)
                .words(&typed.reading);
            let train = CommandLine::new("train balanced.npz --network")
                .word(about.network.name())
                .words(&as_before(about, 1));
            vec![
                fit.words(&["--output".into(), "deepsmote.safetensors".into()])
                    .end(),
                generate.words(&["--output".into(), "balanced.npz".into()]).end(),
                train.word("--output").path(&made).end(),
                look(typed, &made),
            ]
        }
    }
}

/// The training of a network, anew on its own data, without the number of epochs.
fn train_again(data: &Path, about: &AboutClassifier, typed: &Typed) -> CommandLine {
    let train = CommandLine::new("train").path(data);
    let train = match &about.encoding {
        None => train.with("--network", about.network.name()),
        Some(_) => train,
    };
    train.words(&typed.reading).words(&typed.validation)
}

/// A training of twice as many epochs.
fn longer(train: CommandLine, network: &Path, about: &AboutClassifier, typed: &Typed) -> Vec<String> {
    if about.options.is_none() {
        return Vec::new();
    }
    let made = beside(network, "longer");
    let train = train.words(&as_before(about, 2));
    vec![train.word("--output").path(&made).end(), look(typed, &made)]
}

/// Decisions moved by what held-out rows say.
fn adjusted(network: &Path, data: &Path, typed: &Typed) -> Vec<String> {
    let adjusted = beside(network, "adjusted");
    let adjust = CommandLine::new("adjust")
        .path(network)
        .words(&typed.foreign)
        .with("--method", "logit-adjustment")
        .word("--data")
        .path(data)
        .words(&typed.reading)
        .words(&typed.validation);
    vec![
        adjust.word("--output").path(&adjusted).end(),
        look(typed, &adjusted),
    ]
}

fn of_table(
    action: Action,
    subject: &ExplainNetwork,
    data: &Path,
    about: &AboutClassifier,
    typed: &Typed,
) -> Vec<String> {
    let network = &subject.network;
    match action {
        Action::Threshold => adjusted(network, data, typed),
        Action::Eos => {
            let made = beside(network, "eos");
            let held_out = matches!(subject.test, TestRows::HeldOut | TestRows::PartOrHeldOut(_));
            let mut extract = CommandLine::new("eos extract")
                .path(network)
                .path(data)
                .words(&typed.reading);
            if held_out {
                extract = extract
                    .words(&["--rows".into(), "training".into()])
                    .words(&typed.validation);
            }
            let head = CommandLine::new("eos head balanced.npz --from")
                .path(network)
                .words(&steps_of_head(about));
            let assemble = CommandLine::new("eos assemble")
                .path(network)
                .word("head.safetensors");
            vec![
                extract.word("--output").word("train.npz").end(),
                "counterpoise eos augment train.npz --output balanced.npz".into(),
                head.word("--output").word("head.safetensors").end(),
                assemble.word("--output").path(&made).end(),
                look(typed, &made),
            ]
        }
        Action::TrainLonger => match target_of(network, about) {
            Some(target) => longer(
                train_again(data, about, typed).words(&target),
                network,
                about,
                typed,
            ),
            None => Vec::new(),
        },
        Action::Resample | Action::CollectMore | Action::CorrectLess | Action::Nothing => {
            let Some(target) = target_of(network, about) else {
                return Vec::new();
            };
            let made = beside(network, "resampled");
            let resample = CommandLine::new("resample")
                .path(data)
                .words(&target)
                .words(&typed.reading);
            vec![
                resample
                    .words(&["--method", "smote-nc", "--output", "balanced.csv"].map(String::from))
                    .end(),
                CommandLine::new("train balanced.csv")
                    .words(&target)
                    .words(&as_before(about, 1))
                    .word("--output")
                    .path(&made)
                    .end(),
                look(typed, &made),
            ]
        }
    }
}

/// The flag that names the column of classes.
fn target_of(network: &Path, about: &AboutClassifier) -> Option<[String; 2]> {
    let encoding = TableEncoding::of_network(network, about).ok()?;
    Some(["--target".to_owned(), encoding.target])
}

fn of_features(action: Action, files: &ExplainEmbeddings, typed: &Typed) -> Vec<String> {
    let Some(train) = &files.train else {
        return Vec::new();
    };
    match action {
        Action::Threshold => {
            let head = &beside(train, "balanced-softmax");
            let fit = CommandLine::new("eos head").path(train).words(&typed.reading);
            vec![
                fit.words(&["--loss", "balanced-softmax", "--output"].map(String::from))
                    .path(head)
                    .end(),
                look(typed, head),
            ]
        }
        Action::Eos => {
            let (made, head) = (beside(train, "eos"), &beside(train, "eos-head"));
            let augment = CommandLine::new("eos augment").path(train).words(&typed.reading);
            let fit = CommandLine::new("eos head").path(&made);
            vec![
                augment.word("--output").path(&made).end(),
                fit.word("--output").path(head).end(),
                look(typed, head),
            ]
        }
        // Pictures are not among the files.
        _ => Vec::new(),
    }
}

fn of_linear(action: Action, files: &ExplainEmbeddings) -> Vec<String> {
    let Some(train) = &files.train else {
        return Vec::new();
    };
    let target = files.read.label_column.clone().unwrap_or_else(|| "label".into());
    let compare = CommandLine::new("compare")
        .path(train)
        .words(&["--target".into(), target]);
    let methods = match action {
        Action::Threshold => "none,threshold,weights",
        Action::Eos => "none,eos,smote",
        Action::TrainLonger => "none",
        _ => "none,smote",
    };
    let models = if matches!(action, Action::Resample | Action::TrainLonger) {
        "logistic,boosting"
    } else {
        "logistic"
    };
    vec![
        compare
            .words(&["--methods", methods, "--model", models].map(String::from))
            .end(),
    ]
}

#[cfg(test)]
mod tests {
    use counterpoise_deep::TrainOptions;

    use super::*;

    #[test]
    fn a_correction_after_a_loss_that_corrects_comes_with_a_caution() {
        let about = |loss: &str, afterwards: &[&str]| {
            let mut options = TrainOptions::default();
            options.loss = Loss::from_name(loss).unwrap();
            AboutClassifier {
                network: Architecture::LeNet,
                head: options.head,
                picture: Some((1, 8, 8)),
                columns: None,
                encoding: None,
                normalisation: counterpoise_data::Normalisation::Signed,
                augment: None,
                classes: vec!["a".into(), "b".into()],
                counts: vec![9, 1],
                options: Some(options),
                seed: 1,
                epoch: 1,
                history: Vec::new(),
                afterwards: afterwards.iter().map(ToString::to_string).collect(),
            }
        };
        let told =
            |loss: &str, afterwards: &[&str]| caution(Action::Threshold, Some(&about(loss, afterwards)));
        assert_eq!(told("cross-entropy", &[]), None);
        for loss in ["balanced-softmax", "focal", "asl", "ldam"] {
            let told = told(loss, &[]).unwrap();
            assert!(told.contains("may overshoot") && told.contains(loss), "{told}");
        }
        assert!(
            told("cross-entropy", &["logits adjusted"])
                .unwrap()
                .contains("logits adjusted")
        );
        assert_eq!(caution(Action::CollectMore, Some(&about("ldam", &[]))), None);
    }
}
