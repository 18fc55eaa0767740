//! Against a server on this machine that speaks the three formats, with a clock that does not wait.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use counterpoise_base::{Event, Observer};

use super::*;

/// A request, with the pairs of its address or body.
#[derive(Debug, Clone)]
struct Asked {
    path: String,
    pairs: Vec<(String, String)>,
    agent: String,
}

impl Asked {
    fn value(&self, name: &str) -> &str {
        let pair = self.pairs.iter().find(|(known, _)| known == name);
        pair.map_or("", |(_, value)| value)
    }
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// How much of the body is sent.
    sent: usize,
}

fn answer(body: impl Into<String>) -> Answer {
    let body = body.into();
    Answer {
        status: 200,
        headers: Vec::new(),
        sent: body.len(),
        body,
    }
}

fn status(status: u16) -> Answer {
    Answer {
        status,
        ..answer("no")
    }
}

impl Answer {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn half(mut self) -> Self {
        self.sent /= 2;
        self
    }
}

struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// `handle` gets a request and its number, from 0.
    fn start(handle: impl Fn(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let ends = Arc::new(AtomicBool::new(false));
        let (log, end) = (Arc::clone(&asked), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let mut stream = stream.unwrap();
                let request = read(&stream);
                log.lock().unwrap().push(request.clone());
                let answer = handle(&request, number);
                let mut head = format!(
                    "HTTP/1.1 {} Words\r\nContent-Length: {}\r\nConnection: close\r\n",
                    answer.status,
                    answer.body.len()
                );
                for (name, value) in &answer.headers {
                    head.extend([name, ": ", value, "\r\n"]);
                }
                let body = &answer.body.as_bytes()[..answer.sent];
                let _ = stream
                    .write_all(format!("{head}\r\n").as_bytes())
                    .and_then(|()| stream.write_all(body));
            }
        });
        Self {
            port,
            asked,
            ends,
            thread: Some(thread),
        }
    }

    fn urls(&self) -> BaseUrls {
        let base = format!("http://127.0.0.1:{}", self.port);
        BaseUrls {
            europe_pmc: base.clone(),
            openalex: base.clone(),
            ncbi: base,
        }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, more)) = rest.split_first() {
        rest = more;
        if byte == b'%' {
            let digits = std::str::from_utf8(&rest[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &rest[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn read(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let target = line.split(' ').nth(1).unwrap().to_owned();
    let (mut length, mut agent) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim().split_once(": ") else {
            break;
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "user-agent" => value.clone_into(&mut agent),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (path, pairs) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = if length > 0 {
        std::str::from_utf8(&body).unwrap()
    } else {
        pairs
    };
    let pairs = pairs.split('&').filter_map(|pair| pair.split_once('='));
    Asked {
        path: path.to_owned(),
        pairs: pairs
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect(),
        agent,
    }
}

/// Passes at once, and remembers how long it should have taken.
#[derive(Default)]
struct Hasty(RefCell<Duration>);

impl Clock for Hasty {
    fn now(&self) -> Duration {
        *self.0.borrow()
    }

    fn sleep(&self, duration: Duration) {
        *self.0.borrow_mut() += duration;
    }
}

/// Asks to stop once so many pages are kept.
struct After(u64, AtomicUsize);

impl Observer for After {
    fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
        let is_page = matches!(event, Event::Progress { task, .. } if task.starts_with("fetching"));
        if is_page && self.1.fetch_add(1, Ordering::SeqCst) as u64 + 1 >= self.0 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

fn options(server: &Server, source: Source, size: u32) -> FetchOptions {
    FetchOptions::new(source, FetchQuery::Text("yeast".into()))
        .with_email("you@example.org")
        .with_base_urls(server.urls())
        .with_page_size(NonZeroU32::new(size).unwrap())
        .with_tries(NonZeroU32::new(3).unwrap())
}

fn run(options: &FetchOptions, folder: &Path) -> Result<FetchSummary, Error> {
    let mut folder = FetchFolder::open(folder)?;
    fetch_with(options, &mut folder, &Hasty::default(), &())
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

/// Five records, two a page, as Europe PMC deals them.
fn europe(asked: &Asked) -> Answer {
    let start: usize = match asked.value("cursorMark") {
        "*" => 0,
        mark => mark.strip_prefix("AoE+").unwrap().parse().unwrap(),
    };
    let ids: Vec<String> = (start..5.min(start + 2))
        .map(|id| format!("{{\"id\":\"{id}\"}}"))
        .collect();
    answer(format!(
        "{{\"hitCount\":5,\"nextCursorMark\":\"AoE+{}\",\"resultList\":{{\"result\":[{}]}}}}",
        5.min(start + 2),
        ids.join(",")
    ))
}

#[test]
fn europe_pmc_is_read_page_by_page() {
    let server = Server::start(|asked, _| europe(asked));
    let folder = tempfile::tempdir().unwrap();
    let summary = run(&options(&server, Source::EuropePmc, 2), folder.path()).unwrap();
    assert_eq!((summary.pages, summary.documents, summary.total), (3, 5, Some(5)));
    assert!(summary.finished);
    assert_eq!(
        files(folder.path()),
        [
            "fetch.json",
            "fetch.lock",
            "page-00001.json",
            "page-00002.json",
            "page-00003.json"
        ]
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 4, "the last page is empty: {asked:?}");
    for request in &asked {
        assert_eq!(request.path, "/search");
        assert_eq!(request.value("query"), "yeast");
        assert_eq!(request.value("resultType"), "core");
        assert_eq!(request.value("email"), "you@example.org");
        assert!(
            request.agent.contains("mailto:you@example.org"),
            "{}",
            request.agent
        );
    }
    assert_eq!(asked[1].value("cursorMark"), "AoE+2");
}

#[test]
fn a_finished_folder_asks_for_nothing() {
    let server = Server::start(|asked, _| europe(asked));
    let folder = tempfile::tempdir().unwrap();
    let options = options(&server, Source::EuropePmc, 2);
    run(&options, folder.path()).unwrap();
    let before = server.asked().len();
    let again = run(&options, folder.path()).unwrap();
    assert_eq!((again.new_pages, again.pages, again.finished), (0, 3, true));
    assert_eq!(server.asked().len(), before);
    assert_eq!(FetchFolder::open(folder.path()).unwrap().pages().len(), 3);
}

#[test]
fn a_stopped_fetch_goes_on_where_it_was() {
    let server = Server::start(|asked, _| europe(asked));
    let folder = tempfile::tempdir().unwrap();
    let options = options(&server, Source::EuropePmc, 2);
    let stopped = {
        let mut folder = FetchFolder::open(folder.path()).unwrap();
        fetch_with(
            &options,
            &mut folder,
            &Hasty::default(),
            &After(1, AtomicUsize::new(0)),
        )
    };
    assert_eq!(stopped.unwrap_err().code(), "recommend.stopped");
    let summary = run(&options, folder.path()).unwrap();
    assert_eq!((summary.pages, summary.new_pages, summary.documents), (3, 2, 5));
    let marks: Vec<String> = server
        .asked()
        .iter()
        .map(|asked| asked.value("cursorMark").to_owned())
        .collect();
    assert_eq!(marks, ["*", "AoE+2", "AoE+4", "AoE+5"]);
}

#[test]
fn another_query_in_the_folder_is_refused() {
    let server = Server::start(|asked, _| europe(asked));
    let folder = tempfile::tempdir().unwrap();
    let first = options(&server, Source::EuropePmc, 2);
    run(&first, folder.path()).unwrap();
    let mut second = first.clone();
    second.query = FetchQuery::Preset(Preset::Elsi);
    let error = run(&second, folder.path()).unwrap_err();
    assert_eq!(error.code(), "recommend.other-query");
    assert!(error.to_string().contains("`yeast`"), "{error}");
    let mut third = first;
    third.source = Source::OpenAlex;
    assert_eq!(
        run(&third, folder.path()).unwrap_err().code(),
        "recommend.other-query"
    );
}

#[test]
fn only_as_much_as_wanted_is_fetched_and_more_later() {
    let server = Server::start(|asked, _| europe(asked));
    let folder = tempfile::tempdir().unwrap();
    let options = options(&server, Source::EuropePmc, 2);
    let some = run(&options.clone().with_most(3), folder.path()).unwrap();
    assert_eq!((some.documents, some.finished), (4, false));
    assert_eq!(run(&options, folder.path()).unwrap().documents, 5);
}

#[test]
fn without_an_e_mail_nothing_is_asked() {
    let server = Server::start(|asked, _| europe(asked));
    let folder = tempfile::tempdir().unwrap();
    for source in Source::ALL {
        for email in [None, Some("me"), Some("@"), Some("a b@c")] {
            let mut options = options(&server, source, 2);
            options.email = email.map(str::to_owned);
            let error = run(&options, folder.path()).unwrap_err();
            assert_eq!(error.code(), "recommend.no-email");
            assert!(error.hint().unwrap().contains("`--email you@example.org`"));
        }
    }
    assert!(server.asked().is_empty());
}

#[test]
fn a_busy_server_is_given_the_time_it_asks_for() {
    let server = Server::start(|asked, number| match number {
        0 => status(429).with("Retry-After", "37"),
        1 => status(503)
            .with("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .with("Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"),
        _ => europe(asked),
    });
    let folder = tempfile::tempdir().unwrap();
    let clock = Hasty::default();
    let mut folder = FetchFolder::open(folder.path()).unwrap();
    let summary = fetch_with(&options(&server, Source::EuropePmc, 2), &mut folder, &clock, &()).unwrap();
    assert_eq!(summary.documents, 5);
    let seconds = clock.now().as_secs();
    assert!((67..75).contains(&seconds), "{seconds}");
}

#[test]
fn pauses_grow_and_then_the_page_is_given_up() {
    let server = Server::start(|_, _| status(500));
    let folder = tempfile::tempdir().unwrap();
    let clock = Hasty::default();
    let mut folder = FetchFolder::open(folder.path()).unwrap();
    let options = options(&server, Source::EuropePmc, 2);
    let error = fetch_with(&options, &mut folder, &clock, &()).unwrap_err();
    assert_eq!(error.code(), "recommend.given-up");
    assert!(error.to_string().contains("page 1 3 times"), "{error}");
    assert!(
        error.hint().unwrap().contains("the same command again"),
        "{error}"
    );
    assert_eq!(server.asked().len(), 3);
    assert_eq!(clock.now().as_secs(), 3, "one second, and two");
}

#[test]
fn a_server_that_wants_hours_is_left_alone() {
    let server = Server::start(|_, _| status(429).with("Retry-After", "7200"));
    let folder = tempfile::tempdir().unwrap();
    let error = run(&options(&server, Source::OpenAlex, 2), folder.path()).unwrap_err();
    assert_eq!(server.asked().len(), 1);
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("in 120 minutes") && hint.contains("--api-key"),
        "{hint}"
    );
}

#[test]
fn half_an_answer_is_asked_for_again() {
    let server = Server::start(|asked, number| match number {
        0 => europe(asked).half(),
        1 => {
            // Whole as far as the connection goes, and cut off before it.
            let whole = europe(asked).body;
            answer(&whole[..whole.len() - 5])
        }
        _ => europe(asked),
    });
    let folder = tempfile::tempdir().unwrap();
    let summary = run(&options(&server, Source::EuropePmc, 2), folder.path()).unwrap();
    assert_eq!(summary.documents, 5);
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn an_answer_that_is_no_json_is_given_up_and_not_kept() {
    let server = Server::start(|asked, number| {
        if number == 0 {
            europe(asked)
        } else {
            answer("<html>Down</html>")
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let error = run(&options(&server, Source::EuropePmc, 2), folder.path()).unwrap_err();
    assert!(
        error.to_string().contains("page 2") && error.to_string().contains("not JSON"),
        "{error}"
    );
    assert_eq!(
        files(folder.path()),
        ["fetch.json", "fetch.lock", "page-00001.json"]
    );
}

#[test]
fn a_refused_query_is_not_asked_again() {
    let server = Server::start(|_, _| Answer {
        status: 400,
        ..answer("{\"message\":\"Invalid\nfilter\"}")
    });
    let folder = tempfile::tempdir().unwrap();
    let error = run(&options(&server, Source::OpenAlex, 2), folder.path()).unwrap_err();
    assert_eq!(error.code(), "recommend.refused");
    assert!(
        error
            .to_string()
            .contains("status 400: {\"message\":\"Invalid filter\"}"),
        "{error}"
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_key_is_sent_and_never_shown() {
    let server = Server::start(|_, _| status(403));
    let folder = tempfile::tempdir().unwrap();
    let options = options(&server, Source::OpenAlex, 2).with_api_key(ApiKey::new("secret"));
    let error = run(&options, folder.path()).unwrap_err();
    assert_eq!(server.asked()[0].value("api_key"), "secret");
    let shown = format!("{options:?} {error} {error:?} {:?}", error.hint());
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn an_address_of_ones_own_where_nothing_listens_is_told_at_once() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let base = format!("http://127.0.0.1:{port}");
    let options = FetchOptions::new(Source::EuropePmc, FetchQuery::Text("yeast".into()))
        .with_email("you@example.org")
        .with_base_urls(BaseUrls {
            europe_pmc: base,
            ..BaseUrls::default()
        });
    let folder = tempfile::tempdir().unwrap();
    let error = run(&options, folder.path()).unwrap_err();
    // An address of one's own is not waited for.
    assert_eq!(error.code(), "recommend.refused");
    assert!(error.to_string().contains("nothing listens"), "{error}");
    assert!(error.hint().unwrap().contains("--base-url"), "{error:?}");
}

#[test]
fn an_encrypted_address_is_not_asked_in_the_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = [0];
        stream.read_exact(&mut first).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 Words\r\nContent-Length: 0\r\n\r\n");
        first[0]
    });
    let options = FetchOptions::new(Source::OpenAlex, FetchQuery::Text("yeast".into()))
        .with_email("you@example.org")
        .with_tries(NonZeroU32::MIN)
        .with_base_urls(BaseUrls {
            openalex: base,
            ..BaseUrls::default()
        });
    let folder = tempfile::tempdir().unwrap();
    let error = run(&options, folder.path()).unwrap_err();
    // A machine without any authority to trust makes no encrypted connection at all.
    if error.code() == "recommend.given-up" {
        assert_eq!(thread.join().unwrap(), 22, "a handshake of TLS begins so");
    }
    assert!(error.to_string().contains("encrypted connection"), "{error}");
}

/// Five works, two a page.
fn works(asked: &Asked) -> Answer {
    let start: usize = match asked.value("cursor") {
        "*" => 0,
        mark => mark.parse().unwrap(),
    };
    let ids: Vec<String> = (start..5.min(start + 2))
        .map(|id| format!("{{\"id\":\"W{id}\"}}"))
        .collect();
    let next = if start + 2 < 5 {
        format!("\"{}\"", start + 2)
    } else {
        "null".into()
    };
    answer(format!(
        "{{\"meta\":{{\"count\":5,\"next_cursor\":{next}}},\"results\":[{}]}}",
        ids.join(",")
    ))
}

#[test]
fn openalex_is_read_page_by_page() {
    let server = Server::start(|asked, _| works(asked));
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&server, Source::OpenAlex, 2);
    options.query = FetchQuery::Text("yeast, baker's".into());
    let summary = run(&options, folder.path()).unwrap();
    assert_eq!((summary.pages, summary.documents, summary.finished), (3, 5, true));
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(
        asked[0].value("filter"),
        "title_and_abstract.search:yeast  baker's"
    );
    assert_eq!(asked[2].value("mailto"), "you@example.org");
    assert_eq!(asked[2].value("per_page"), "2");
}

#[test]
fn dois_are_asked_for_in_batches() {
    // As many works as DOIs, and one of them thrice: more than there is room for, in the second batch.
    let server = Server::start(|asked, _| {
        let dois = asked
            .value("filter")
            .trim_start_matches("doi:")
            .split('|')
            .count();
        let (shown, count) = if dois == 20 { (20, 22) } else { (dois, dois) };
        let works = vec!["{}"; shown].join(",");
        answer(format!(
            "{{\"meta\":{{\"count\":{count}}},\"results\":[{works}]}}"
        ))
    });
    let folder = tempfile::tempdir().unwrap();
    let mut dois: Vec<String> = (0..70)
        .map(|number| format!("https://doi.org/10.1000/X{number}"))
        .collect();
    dois.push("10.1000/x0".into());
    dois.push("10.1000/a,b".into());
    dois.push("nothing".into());
    let mut options = options(&server, Source::OpenAlex, 2);
    options.query = FetchQuery::Dois(dois.clone());
    let summary = run(&options, folder.path()).unwrap();
    assert_eq!(
        (summary.documents, summary.total, summary.finished),
        (70, Some(70), true)
    );
    assert_eq!(summary.notes.len(), 2);
    let asked = server.asked();
    assert!(asked[0].value("filter").starts_with("doi:10.1000/x0|10.1000/x1|"));
    let sizes: Vec<usize> = asked
        .iter()
        .map(|asked| asked.value("filter").split('|').count())
        .collect();
    assert_eq!(sizes, [50, 20, 10, 10]);
    dois.truncate(3);
    options.query = FetchQuery::Dois(dois);
    assert_eq!(
        run(&options, folder.path()).unwrap_err().code(),
        "recommend.other-query"
    );
    options.source = Source::Pubmed;
    assert_eq!(
        run(&options, folder.path()).unwrap_err().code(),
        "recommend.dois-of-other"
    );
}

/// PubMed with a record on each of so many days from 2000 on.
fn pubmed(asked: &Asked, days: i64) -> Answer {
    if asked.path == "/esearch.fcgi" {
        let day = |name: &str, otherwise: i64| {
            let text = asked.value(name);
            (10_957..10_957 + days)
                .find(|&day| date::written(day).as_str() >= text)
                .filter(|_| !text.is_empty())
                .unwrap_or(otherwise)
        };
        let from = day(
            "mindate",
            if asked.value("mindate").is_empty() {
                10_957
            } else {
                10_957 + days
            },
        );
        let to = match asked.value("maxdate") {
            "" => 10_957 + days - 1,
            text => (10_957..10_957 + days)
                .rfind(|&day| date::written(day).as_str() <= text)
                .unwrap_or(from - 1),
        };
        let count = (to - from + 1).max(0);
        return answer(format!(
            "{{\"esearchresult\":{{\"count\":\"{count}\",\"querykey\":\"1\",\"webenv\":\"{from}-{count}\",\"warninglist\":{{\"quotedphrasesnotfound\":[\"odd phrase\"]}}}}}}"
        ));
    }
    let (from, count) = asked.value("WebEnv").split_once('-').unwrap();
    let (from, count): (i64, i64) = (from.parse().unwrap(), count.parse().unwrap());
    let start: i64 = asked.value("retstart").parse().unwrap();
    let size: i64 = asked.value("retmax").parse().unwrap();
    let records: String = (start..count.min(start + size))
        .flat_map(|record| {
            [
                "<PubmedArticle><PMID>".to_owned(),
                (from + record).to_string(),
                "</PMID></PubmedArticle>".to_owned(),
            ]
        })
        .collect();
    answer(format!(
        "<?xml version=\"1.0\" ?>\n<PubmedArticleSet>{records}</PubmedArticleSet>"
    ))
}

/// Ids of all records in a folder.
fn pmids(folder: &Path) -> Vec<String> {
    let pages = FetchFolder::open(folder).unwrap().pages();
    let text: String = pages
        .iter()
        .map(|page| std::fs::read_to_string(page).unwrap())
        .collect();
    let mut ids: Vec<String> = text
        .split("<PMID>")
        .skip(1)
        .map(|rest| rest[..5].to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn pubmed_is_searched_once_and_read_page_by_page() {
    let server = Server::start(|asked, _| pubmed(asked, 5));
    let folder = tempfile::tempdir().unwrap();
    let options = options(&server, Source::Pubmed, 2).with_api_key(ApiKey::new("secret"));
    let summary = run(&options, folder.path()).unwrap();
    assert_eq!((summary.pages, summary.documents, summary.total), (3, 5, Some(5)));
    assert_eq!(summary.notes, ["PubMed does not know the phrase `odd phrase`"]);
    assert_eq!(pmids(folder.path()).len(), 5);
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    for request in &asked {
        let sent = ["tool", "email", "api_key", "db"].map(|name| request.value(name));
        assert_eq!(sent, ["counterpoise", "you@example.org", "secret", "pubmed"]);
    }
    assert_eq!(asked[0].value("term"), "yeast");
    assert_eq!(asked[0].value("mindate"), "");
    assert!(files(folder.path()).contains(&"page-00003.xml".to_owned()));
}

#[test]
fn requests_to_ncbi_are_three_a_second() {
    let server = Server::start(|asked, _| pubmed(asked, 40));
    let folder = tempfile::tempdir().unwrap();
    let mut folder = FetchFolder::open(folder.path()).unwrap();
    let clock = Hasty::default();
    fetch_with(&options(&server, Source::Pubmed, 2), &mut folder, &clock, &()).unwrap();
    let asked = server.asked().len();
    assert!(
        asked as f64 / clock.now().as_secs_f64() < 3.1,
        "{asked} in {:?}",
        clock.now()
    );
}

#[test]
fn more_than_pubmed_gives_out_is_asked_for_by_spans_of_dates() {
    let server = Server::start(|asked, _| pubmed(asked, 23));
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&server, Source::Pubmed, 2);
    options.most_of_search = 4;
    let stopped = {
        let mut folder = FetchFolder::open(folder.path()).unwrap();
        fetch_with(
            &options,
            &mut folder,
            &Hasty::default(),
            &After(25, AtomicUsize::new(0)),
        )
    };
    assert_eq!(stopped.unwrap_err().code(), "recommend.stopped");
    let summary = run(&options, folder.path()).unwrap();
    assert_eq!(
        (summary.documents, summary.total, summary.finished),
        (23, Some(23), true)
    );
    let expected: Vec<String> = (0..23).map(|day| (10_957 + day).to_string()).collect();
    assert_eq!(pmids(folder.path()), expected);
}

#[test]
fn a_day_with_too_many_records_is_told_of() {
    let server = Server::start(|_, _| {
        answer("{\"esearchresult\":{\"count\":\"20000\",\"querykey\":\"1\",\"webenv\":\"x\"}}")
    });
    let folder = tempfile::tempdir().unwrap();
    let error = run(&options(&server, Source::Pubmed, 2), folder.path()).unwrap_err();
    assert_eq!(error.code(), "recommend.too-many-of-a-day");
    assert!(error.to_string().contains("1800/01/01"), "{error}");
}

#[test]
fn a_search_that_pubmed_forgot_is_made_again() {
    let forgot = AtomicBool::new(false);
    let server = Server::start(move |asked, _| {
        let is_second = asked.path == "/efetch.fcgi" && asked.value("retstart") == "2";
        if is_second && !forgot.swap(true, Ordering::SeqCst) {
            return Answer {
                status: 400,
                ..answer("<eFetchResult><ERROR>Cannot obtain the history</ERROR></eFetchResult>")
            };
        }
        pubmed(asked, 5)
    });
    let folder = tempfile::tempdir().unwrap();
    let summary = run(&options(&server, Source::Pubmed, 2), folder.path()).unwrap();
    assert_eq!((summary.documents, pmids(folder.path()).len()), (5, 5));
}

#[test]
fn half_a_page_of_pubmed_is_asked_for_again() {
    let server = Server::start(|asked, number| {
        let whole = pubmed(asked, 5);
        match number {
            1 => answer(&whole.body[..whole.body.len() - 30]),
            2 => answer("{\"error\":\"API rate limit exceeded\"}"),
            _ => whole,
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let summary = run(&options(&server, Source::Pubmed, 2), folder.path()).unwrap();
    assert_eq!(summary.documents, 5);
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn a_query_without_results_is_finished() {
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/search" => answer("{\"hitCount\":0,\"resultList\":{\"result\":[]}}"),
        "/works" => answer("{\"meta\":{\"count\":0,\"next_cursor\":null},\"results\":[]}"),
        _ => answer("{\"esearchresult\":{\"count\":\"0\"}}"),
    });
    for source in Source::ALL {
        let folder = tempfile::tempdir().unwrap();
        let summary = run(&options(&server, source, 2), folder.path()).unwrap();
        assert_eq!(
            (summary.pages, summary.total, summary.finished),
            (0, Some(0), true),
            "{source}"
        );
    }
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = FetchFolder::open(folder.path()).unwrap();
    assert_eq!(
        FetchFolder::open(folder.path()).unwrap_err().code(),
        "recommend.folder-in-use"
    );
    drop(first);
    assert!(FetchFolder::open(folder.path()).is_ok());
}

#[test]
fn a_broken_state_says_which_file_to_delete() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "{", "{\"format\":1}", "[]"] {
        std::fs::write(folder.path().join("fetch.json"), text).unwrap();
        let error = FetchFolder::open(folder.path()).unwrap_err();
        assert_eq!(error.code(), "recommend.malformed", "{text}");
        assert!(error.to_string().contains("fetch.json") && error.hint().is_some());
    }
    // Its place is of another source.
    let server = Server::start(|asked, _| europe(asked));
    let state = r#"{"format":1,"source":"europe-pmc","query":"yeast","place":{"dois":{"done":3}},"pages":0,"documents":0,"total":null,"finished":false}"#;
    std::fs::write(folder.path().join("fetch.json"), state).unwrap();
    let error = run(&options(&server, Source::EuropePmc, 2), folder.path()).unwrap_err();
    assert_eq!(error.code(), "recommend.malformed");
}

#[test]
fn a_state_is_read_back_as_it_was_written() {
    let places = [
        Place::Cursor("*".into()),
        Place::Dois { done: 7 },
        Place::Spans {
            left: vec![date::EVER],
            start: 3,
            count: Some(9),
        },
    ];
    for place in places {
        let state = FetchState::new(Source::Pubmed, "q".into(), place);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<FetchState>(&text).unwrap(), state);
    }
}
