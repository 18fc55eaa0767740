use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use counterpoise_base::Observer;
use counterpoise_metrics::retrieval::{Judgements, RankingMeasure, RankingReport, Retrieval, Run};
use serde::Serialize;

use super::beside::{MeasuredRun, Wanted, beside_first};
use crate::Error;

/// Rankings of any system, as files of TREC hold them, measured on judgements.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RunsCheck {
    /// Judged queries.
    pub queries: usize,
    /// Grade from which a document counts as relevant.
    pub relevant_from: i32,
    /// Names of the measures.
    pub measures: Vec<String>,
    /// The rankings, in the order of their files.
    pub runs: Vec<MeasuredRun>,
    /// Judged queries that a ranking has no answer to, which count as 0: its name and how many.
    pub unanswered: Vec<(String, usize)>,
}

/// Measures runs on judgements, both in the form of TREC; judgements may be a table of BEIR. Documents stand in the order of their
/// scores, as in `trec_eval`; the first run is what others are compared with.
///
/// # Errors
///
/// If a file cannot be read or is malformed, with the number of its line, and if no query of a run was judged.
pub fn runs_check(
    qrels: &Path,
    runs: &[PathBuf],
    relevant_from: i32,
    observer: &dyn Observer,
) -> Result<RunsCheck, Error> {
    let open = |path: &Path| {
        let file = File::open(path).map_err(|source| super::ingest::cannot_read(path, source))?;
        Ok::<_, Error>(BufReader::new(file))
    };
    let malformed = |path: &Path, error: &counterpoise_metrics::Error| {
        Error::Recommend(counterpoise_recommend::Error::Malformed {
            file: path.display().to_string(),
            place: "its lines".into(),
            problem: error.to_string(),
            hint: Some("judgements are lines of query, 0, document and grade; runs of query, Q0, document, rank, score and name".into()),
        })
    };
    let judgements = Judgements::read(open(qrels)?).map_err(|error| malformed(qrels, &error))?;
    let measures: Vec<RankingMeasure> = [
        "ndcg@10",
        "map@100",
        "mrr@10",
        "precision@5",
        "recall@100",
        "judged@10",
    ]
    .iter()
    .map(|name| name.parse())
    .collect::<Result<_, _>>()
    .map_err(Error::Metrics)?;
    let retrieval = Retrieval::default().with_relevant_from(relevant_from);
    let mut wanted = Vec::new();
    for path in runs {
        let run = Run::read(open(path)?).map_err(|error| malformed(path, &error))?;
        if !run.iter().any(|(query, _)| judgements.of(query).is_some()) {
            return Err(Error::Config {
                place: path.display().to_string(),
                problem: format!("none of its queries was judged in {}", qrels.display()),
                hint: Some("queries have the same names in both files".into()),
            });
        }
        wanted.push(Wanted::new(
            run.name().to_owned(),
            path.display().to_string(),
            run,
        ));
    }
    let reports: Vec<RankingReport> = wanted
        .iter()
        .map(|wanted| retrieval.evaluate(&measures, &judgements, &wanted.run))
        .collect();
    Ok(RunsCheck {
        queries: judgements.iter().count(),
        relevant_from,
        measures: measures.iter().map(ToString::to_string).collect(),
        runs: beside_first(&wanted, &reports, &measures[0].to_string(), observer)?,
        unanswered: wanted
            .iter()
            .zip(&reports)
            .filter(|(_, report)| !report.unanswered.is_empty())
            .map(|(wanted, report)| (wanted.name.clone(), report.unanswered.len()))
            .collect(),
    })
}
