//! What servers answer with: whether it is whole, how many records it has, and where it goes on.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Why a page cannot be kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It may be whole next time.
    Broken(String),
    /// The server will say the same again.
    Refused(String),
}

/// A page of results.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Results {
    pub(super) documents: u64,
    pub(super) total: Option<u64>,
    pub(super) next: Option<String>,
}

fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "its answer ends in the middle",
            serde_json::error::Category::Data => "its answer has another form than expected",
            _ => "its answer is not JSON",
        };
        Problem::Broken(format!("{what} ({error})"))
    })
}

/// `resultType=core` in JSON.
pub(super) fn europe_pmc(bytes: &[u8]) -> Result<Results, Problem> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        hit_count: Option<u64>,
        next_cursor_mark: Option<String>,
        result_list: Option<List>,
        err_msg: Option<String>,
    }
    #[derive(Deserialize)]
    struct List {
        #[serde(default)]
        result: Vec<IgnoredAny>,
    }
    let answer: Answer = json(bytes)?;
    match (answer.result_list, answer.err_msg) {
        (Some(list), _) => Ok(Results {
            documents: list.result.len() as u64,
            total: answer.hit_count,
            next: answer.next_cursor_mark,
        }),
        (None, Some(message)) => Err(Problem::Refused(message)),
        (None, None) => Err(Problem::Broken("its answer has no list of results".into())),
    }
}

/// A list of works.
pub(super) fn openalex(bytes: &[u8]) -> Result<Results, Problem> {
    #[derive(Deserialize)]
    struct Answer {
        meta: Option<Meta>,
        results: Option<Vec<IgnoredAny>>,
        message: Option<String>,
    }
    #[derive(Deserialize)]
    struct Meta {
        count: Option<u64>,
        next_cursor: Option<String>,
    }
    let answer: Answer = json(bytes)?;
    match (answer.results, answer.meta, answer.message) {
        (Some(results), Some(meta), _) => Ok(Results {
            documents: results.len() as u64,
            total: meta.count,
            next: meta.next_cursor,
        }),
        (_, _, Some(message)) => Err(Problem::Refused(message)),
        _ => Err(Problem::Broken("its answer has no list of results".into())),
    }
}

/// A search of PubMed whose results the server keeps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct History {
    pub(super) count: u64,
    pub(super) key: String,
    pub(super) environment: String,
    /// Phrases that PubMed does not know.
    pub(super) unknown: Vec<String>,
}

/// `esearch` with `usehistory=y&retmode=json`.
pub(super) fn esearch(bytes: &[u8]) -> Result<History, Problem> {
    #[derive(Deserialize)]
    struct Answer {
        esearchresult: Option<Found>,
        error: Option<String>,
    }
    #[derive(Deserialize)]
    struct Found {
        count: Option<String>,
        querykey: Option<String>,
        webenv: Option<String>,
        #[serde(rename = "ERROR")]
        error: Option<String>,
        errorlist: Option<Unknown>,
        warninglist: Option<Unknown>,
    }
    #[derive(Deserialize)]
    struct Unknown {
        #[serde(default)]
        phrasesnotfound: Vec<String>,
        #[serde(default)]
        quotedphrasesnotfound: Vec<String>,
    }
    let answer: Answer = json(bytes)?;
    let found = match (answer.esearchresult, answer.error) {
        (Some(found), _) => found,
        // `API rate limit exceeded` and the like.
        (None, Some(message)) => return Err(Problem::Broken(format!("it says: {message}"))),
        (None, None) => return Err(Problem::Broken("its answer has no result of a search".into())),
    };
    if let Some(message) = found.error {
        let passing = message.contains("Backend") || message.contains("temporarily");
        return Err(if passing {
            Problem::Broken(format!("it says: {message}"))
        } else {
            Problem::Refused(message)
        });
    }
    let count = found.count.and_then(|count| count.parse().ok());
    let count = count.ok_or_else(|| Problem::Broken("its answer has no number of results".into()))?;
    let (key, environment) = match (found.querykey, found.webenv) {
        (Some(key), Some(environment)) => (key, environment),
        _ if count == 0 => (String::new(), String::new()),
        _ => {
            return Err(Problem::Broken(
                "its answer does not say where the results are kept".into(),
            ));
        }
    };
    let lists = found.errorlist.into_iter().chain(found.warninglist);
    let unknown = lists.flat_map(|list| list.phrasesnotfound.into_iter().chain(list.quotedphrasesnotfound));
    Ok(History {
        count,
        key,
        environment,
        unknown: unknown.collect(),
    })
}

/// `efetch` of PubMed in XML: how many records it has.
pub(super) fn efetch(bytes: &[u8]) -> Result<u64, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::Broken("its answer is not UTF-8".into()))?;
    if text.trim_start().starts_with('{') {
        return Err(Problem::Broken(format!("it says: {}", text.trim())));
    }
    let mut reader = Reader::from_str(text);
    let (mut depth, mut records) = (0_u64, 0_u64);
    let (mut is_set, mut in_error) = (false, false);
    let mut error = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let name = start.name().0.to_owned();
                match depth {
                    0 if name == "PubmedArticleSet" => is_set = true,
                    0 if is_set => return Err(Problem::Broken("its answer has two roots".into())),
                    1 if is_set && (name == "PubmedArticle" || name == "PubmedBookArticle") => records += 1,
                    _ => {}
                }
                in_error = name == "ERROR";
                depth += 1;
            }
            Ok(Event::Empty(start)) if depth == 0 && start.name().0 == "PubmedArticleSet" => is_set = true,
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                in_error = false;
            }
            Ok(Event::Text(text)) if in_error => error.push_str(text.as_ref()),
            Ok(Event::Eof) if depth > 0 => {
                return Err(Problem::Broken("its answer ends in the middle".into()));
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(problem) => return Err(Problem::Broken(format!("its answer is not XML ({problem})"))),
        }
    }
    if is_set {
        Ok(records)
    } else if error.is_empty() {
        Err(Problem::Broken("its answer has no records of PubMed".into()))
    } else {
        Err(Problem::Refused(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn broken<T: std::fmt::Debug>(answer: Result<T, Problem>) -> String {
        match answer {
            Err(Problem::Broken(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_in_json_are_read() {
        let page = br#"{"version":"6.9","hitCount":3,"nextCursorMark":"Ao","resultList":{"result":[{"id":"1"},{"id":"2"}]}}"#;
        let expected = |total, next: Option<&str>| Results {
            documents: 2,
            total: Some(total),
            next: next.map(str::to_owned),
        };
        assert_eq!(europe_pmc(page).unwrap(), expected(3, Some("Ao")));
        let page = br#"{"meta":{"count":9,"next_cursor":null},"results":[{"id":"W1"},{"id":"W2"}]}"#;
        assert_eq!(openalex(page).unwrap(), expected(9, None));
        let found = esearch(
            br#"{"header":{},"esearchresult":{"count":"27","querykey":"1","webenv":"MCID_1","errorlist":{"phrasesnotfound":["xyz"],"fieldsnotfound":[]}}}"#,
        );
        let found = found.unwrap();
        assert_eq!(
            (found.count, found.key.as_str(), found.unknown),
            (27, "1", vec!["xyz".to_owned()])
        );
        assert_eq!(esearch(br#"{"esearchresult":{"count":"0"}}"#).unwrap().count, 0);
    }

    #[test]
    fn half_answers_are_broken() {
        assert!(broken(europe_pmc(br#"{"hitCount":3,"resultList":{"res"#)).contains("ends in the middle"));
        assert!(broken(openalex(b"<html>")).contains("not JSON"));
        assert!(broken(openalex(br#"{"results":3}"#)).contains("another form"));
        assert!(broken(openalex(b"{}")).contains("no list"));
        assert!(broken(esearch(br#"{"error":"API rate limit exceeded"}"#)).contains("rate limit"));
        assert!(broken(efetch(b"<PubmedArticleSet><PubmedArticle>")).contains("ends in the middle"));
        assert!(broken(efetch(b"<PubmedArticleSet><PubmedArticle></PubmedArticleSet>")).contains("not XML"));
        assert!(broken(efetch(b"")).contains("no records"));
        assert!(broken(efetch(b"\xff")).contains("UTF-8"));
    }

    #[test]
    fn what_a_server_refuses_is_passed_on() {
        let message = |answer: Problem| match answer {
            Problem::Refused(message) => message,
            Problem::Broken(why) => panic!("{why}"),
        };
        assert_eq!(
            message(europe_pmc(br#"{"errCode":404,"errMsg":"no such field"}"#).unwrap_err()),
            "no such field"
        );
        assert_eq!(
            message(openalex(br#"{"error":"x","message":"Unknown filter"}"#).unwrap_err()),
            "Unknown filter"
        );
        assert_eq!(
            message(esearch(br#"{"esearchresult":{"ERROR":"Empty term"}}"#).unwrap_err()),
            "Empty term"
        );
        assert_eq!(
            message(efetch(b"<eFetchResult><ERROR>expired</ERROR></eFetchResult>").unwrap_err()),
            "expired"
        );
    }

    #[test]
    fn records_of_pubmed_are_counted_at_their_place() {
        let page = br#"<?xml version="1.0" ?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM" "pubmed.dtd">
            <PubmedArticleSet><PubmedArticle><PubmedArticle/></PubmedArticle><PubmedBookArticle></PubmedBookArticle>
            <DeletedCitation><PMID>1</PMID></DeletedCitation></PubmedArticleSet>"#;
        assert_eq!(efetch(page).unwrap(), 2);
        assert_eq!(efetch(b"<PubmedArticleSet></PubmedArticleSet>").unwrap(), 0);
        assert_eq!(efetch(b"<PubmedArticleSet/>").unwrap(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100), text in "[<>/a-zA\"{}:,\\[\\]! -]{0,60}") {
            for bytes in [&bytes[..], text.as_bytes()] {
                let _ = (europe_pmc(bytes), openalex(bytes), esearch(bytes), efetch(bytes));
            }
        }
    }
}
