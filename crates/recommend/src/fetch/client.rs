//! One request after another, not too fast, and again if need be.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise_base::{Event, Observer};
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::date;
use super::options::{BaseUrls, FetchOptions, Source};
use super::pages::Problem;
use crate::Error;

/// Time, which tests have pass at once.
pub trait Clock {
    /// Time since some moment.
    fn now(&self) -> Duration;
    /// Lets time pass.
    fn sleep(&self, duration: Duration);
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Most bytes of a page, unpacked. A thousand records of Europe PMC have about twenty million.
const MOST_BYTES: usize = 128 << 20;

/// Bytes between two looks at the observer.
const CHUNK: usize = 1 << 20;

/// The first pause behind a failure; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A server that wants a longer pause than this is left alone.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Time between two looks at the observer while nothing happens.
const GLANCE: Duration = Duration::from_millis(200);

const RECEIVING: &str = "receiving a page";
/// How the task of a pause begins, whose units are seconds; behind it stands what is waited for.
pub const WAITING: &str = "waiting for ";

/// What is asked for at one address.
pub(super) struct Request {
    pub(super) url: String,
    pub(super) pairs: Vec<(&'static str, String)>,
    /// Pairs go in the body, which may be long, instead of the address.
    pub(super) in_body: bool,
}

pub(super) struct Client<'a> {
    agent: Agent,
    clock: &'a dyn Clock,
    observer: &'a dyn Observer,
    source: Source,
    interval: Duration,
    /// When the next request may be made.
    next: Duration,
    tries: u32,
    has_key: bool,
    /// Whether the address is the user's own, where nobody has to wait for a server to come back.
    is_own_address: bool,
}

enum Failure {
    /// It may go well next time, behind the pause that the server asks for.
    Passing(String, Option<Duration>),
    Final(Error),
}

impl<'a> Client<'a> {
    pub(super) fn new(
        options: &FetchOptions,
        email: &str,
        clock: &'a dyn Clock,
        observer: &'a dyn Observer,
    ) -> Self {
        let has_key = options.api_key.is_some();
        let (interval, base_of): (_, fn(&BaseUrls) -> &String) = match options.source {
            // They allow 10 requests a second.
            Source::EuropePmc => (200, |urls| &urls.europe_pmc),
            // They allow 100 a second, and count them by the day.
            Source::OpenAlex => (100, |urls| &urls.openalex),
            Source::Pubmed if has_key => (110, |urls| &urls.ncbi),
            // 3 a second.
            Source::Pubmed => (350, |urls| &urls.ncbi),
        };
        let base = base_of(&options.base_urls);
        let is_secure = base.starts_with("https:");
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(is_secure)
            .max_redirects(3)
            .user_agent(format!(
                "counterpoise/{} (mailto:{email})",
                env!("CARGO_PKG_VERSION")
            ))
            .timeout_connect(Some(Duration::from_secs(30)))
            .timeout_per_read(Some(Duration::from_mins(1)))
            .timeout_global(Some(Duration::from_mins(15)));
        if is_secure {
            config = config.tls_config(
                TlsConfig::builder()
                    .root_certs(RootCerts::PlatformVerifier)
                    .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
                    .build(),
            );
        }
        if matches!(host(base), "127.0.0.1" | "localhost") {
            config = config.proxy(None);
        }
        Self {
            agent: config.build().into(),
            clock,
            observer,
            source: options.source,
            interval: Duration::from_millis(interval),
            next: Duration::ZERO,
            tries: options.tries.get(),
            has_key,
            is_own_address: base != base_of(&BaseUrls::default()),
        }
    }

    /// Asks until the answer stands the check, and gives it with what the check found. `page` is for messages.
    pub(super) fn ask<T>(
        &mut self,
        request: &Request,
        page: u64,
        check: impl Fn(&[u8]) -> Result<T, Problem>,
    ) -> Result<(Vec<u8>, T), Error> {
        let mut pause = PAUSE;
        let mut tries = 0;
        loop {
            self.wait(self.next.saturating_sub(self.clock.now()), "the next request")?;
            let answer = self.once(request, &check);
            self.next = self.clock.now() + self.interval;
            tries += 1;
            let (why, wanted) = match answer {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(why, wanted)) => (why, wanted),
            };
            if tries >= self.tries || wanted.is_some_and(|wanted| wanted > LONGEST_WAIT) {
                return Err(Error::GivenUp {
                    server: self.source.title(),
                    host: host(&request.url).to_owned(),
                    page,
                    tries,
                    why,
                    wait: wanted.map(|wanted| wanted.as_secs()),
                    wants_key: self.source == Source::OpenAlex && !self.has_key,
                });
            }
            let what = format!(
                "{}, asked {tries} of {} times: {why}",
                host(&request.url),
                self.tries
            );
            self.wait(wanted.map_or(pause, |wanted| wanted.max(PAUSE)), &what)?;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    fn once<T>(
        &self,
        request: &Request,
        check: &impl Fn(&[u8]) -> Result<T, Problem>,
    ) -> Result<(Vec<u8>, T), Failure> {
        let pairs = encoded(&request.pairs);
        let sent = if request.in_body {
            let post = self.agent.post(&request.url);
            post.content_type("application/x-www-form-urlencoded")
                .send(&pairs)
        } else {
            self.agent.get(format!("{}?{pairs}", request.url)).call()
        };
        let mut answer = sent.map_err(|error| self.failure(&request.url, &error))?;
        let status = answer.status().as_u16();
        let bytes = self.body(&mut answer);
        match status {
            200 => {}
            408 | 425 | 429 | 500..=599 => {
                let wait = retry_after(&answer);
                return Err(Failure::Passing(format!("it answers with status {status}"), wait));
            }
            _ => {
                let message = bytes.map_or_else(|_| String::new(), |bytes| excerpt(&bytes));
                return Err(Failure::Final(self.refused(&request.url, status, message)));
            }
        }
        let bytes = bytes?;
        match check(&bytes) {
            Ok(found) => Ok((bytes, found)),
            Err(Problem::Broken(why)) => Err(Failure::Passing(excerpt(why.as_bytes()), None)),
            Err(Problem::Refused(why)) => Err(Failure::Final(self.refused(
                &request.url,
                status,
                excerpt(why.as_bytes()),
            ))),
        }
    }

    fn refused(&self, url: &str, status: u16, message: String) -> Error {
        Error::Refused {
            server: self.source.title(),
            host: host(url).to_owned(),
            status,
            message,
            wants_key: self.source == Source::OpenAlex && !self.has_key,
        }
    }

    /// Addresses are left out of messages, since they hold the key and the e-mail.
    fn failure(&self, url: &str, error: &ureq::Error) -> Failure {
        let passing = |why: &str| Failure::Passing(why.to_owned(), None);
        match error {
            ureq::Error::HostNotFound => passing("its address is not known; is there a network?"),
            ureq::Error::ConnectionFailed => passing("it cannot be reached"),
            ureq::Error::Timeout(_) => passing("it takes too long"),
            ureq::Error::Io(error) if self.is_own_address && error.kind() == ErrorKind::ConnectionRefused => {
                Failure::Final(self.refused(url, 0, "nothing listens at this address".into()))
            }
            ureq::Error::Io(error) => match tls(error) {
                Some(rustls::Error::InvalidCertificate(problem)) => Failure::Final(self.refused(
                    url,
                    0,
                    format!("its certificate is not trusted ({problem})"),
                )),
                Some(error) => Failure::Passing(format!("the encrypted connection broke ({error})"), None),
                None => Failure::Passing(format!("the connection broke ({})", error.kind()), None),
            },
            ureq::Error::Protocol(_) | ureq::Error::Decompress(..) => passing("its answer is broken"),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                Failure::Final(self.refused(url, 0, "this is no address of a server".into()))
            }
            ureq::Error::RequireHttpsOnly(_) => {
                Failure::Final(self.refused(url, 0, "it sends on to an address without encryption".into()))
            }
            ureq::Error::Rustls(error) => {
                Failure::Final(self.refused(url, 0, format!("no encrypted connection can be made ({error})")))
            }
            other => Failure::Passing(excerpt(other.to_string().as_bytes()), None),
        }
    }

    fn body(&self, answer: &mut Response<Body>) -> Result<Vec<u8>, Failure> {
        let mut reader = answer.body_mut().with_config().limit(u64::MAX).reader();
        let mut bytes = Vec::new();
        loop {
            let read = reader.by_ref().take(CHUNK as u64).read_to_end(&mut bytes);
            let read = read.map_err(|error| {
                let kind = error.kind();
                Failure::Passing(format!("its answer ends in the middle ({kind})"), None)
            })?;
            if bytes.len() > MOST_BYTES {
                let why = format!("its answer has more than {MOST_BYTES} bytes");
                return Err(Failure::Passing(why, None));
            }
            let event = if read == 0 {
                Event::Finished { task: RECEIVING }
            } else {
                Event::Progress {
                    task: RECEIVING,
                    done: bytes.len() as u64,
                    total: 0,
                }
            };
            if self.observer.observe(&event).is_break() {
                return Err(Failure::Final(self.stopped()));
            }
            if read == 0 {
                return Ok(bytes);
            }
        }
    }

    fn stopped(&self) -> Error {
        Error::Stopped {
            task: self.source.task(),
        }
    }

    /// Lets time pass; tells of it, and of what is waited for, where it takes a second or more.
    fn wait(&self, duration: Duration, what: &str) -> Result<(), Error> {
        let task = format!("{WAITING}{what}");
        let is_long = duration >= Duration::from_secs(1);
        let tell = |event: &Event<'_>| {
            if is_long && self.observer.observe(event).is_break() {
                return Err(self.stopped());
            }
            Ok(())
        };
        let (mut left, mut gone) = (duration, Duration::ZERO);
        while left > Duration::ZERO {
            tell(&Event::Progress {
                task: &task,
                done: gone.as_secs(),
                total: duration.as_secs(),
            })?;
            let part = left.min(GLANCE);
            self.clock.sleep(part);
            left = left.saturating_sub(part);
            gone += part;
        }
        tell(&Event::Finished { task: &task })
    }
}

/// What encryption found wrong, where that is why a connection broke.
fn tls(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The pause that a server asks for, in seconds or until a date.
fn retry_after(answer: &Response<Body>) -> Option<Duration> {
    let header = |name| answer.headers().get(name)?.to_str().ok();
    let text = header("retry-after")?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        // By the server's own clock, since ours may be wrong.
        Err(_) => u64::try_from(date::seconds(text)? - date::seconds(header("date")?)?).unwrap_or(0),
    };
    Some(Duration::from_secs(seconds))
}

/// The host of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', ':', '?']).unwrap_or(rest.len());
    &rest[..end]
}

/// The start of a text of a server, in one line.
fn excerpt(bytes: &[u8]) -> String {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MOST)]).into_owned();
    let words: Vec<&str> = text
        .split(|sign: char| sign.is_whitespace() || sign.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(MOST).collect()
}

/// Pairs as they stand in an address.
fn encoded(pairs: &[(&str, String)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for &byte in value.as_bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_byte_by_byte() {
        let pairs = [("query", "a b&c=\"é\"".to_owned()), ("n", "1".to_owned())];
        assert_eq!(encoded(&pairs), "query=a%20b%26c%3D%22%C3%A9%22&n=1");
    }

    #[test]
    fn hosts_are_told_from_addresses() {
        for (url, expected) in [
            ("https://api.openalex.org/works?x=1", "api.openalex.org"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(host(url), expected);
        }
    }

    #[test]
    fn messages_of_servers_stay_in_one_short_line() {
        assert_eq!(excerpt(b" a\n\x1b[2J b\xff"), "a [2J b\u{fffd}");
        assert_eq!(excerpt("é".repeat(900).as_bytes()).chars().count(), 200);
    }
}
