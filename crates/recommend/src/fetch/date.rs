//! Days and their names in the calendar, to halve spans of time.

use serde::{Deserialize, Serialize};

/// The days from one to another, both with it, counted from 1 January 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First day.
    pub from: i64,
    /// Last day.
    pub to: i64,
}

/// 1 January 1800 to 31 December 2199: every day on which PubMed may have taken a record in.
pub(super) const EVER: Span = Span {
    from: -62_091,
    to: 84_005,
};

impl Span {
    /// The earlier and the later half; `None` for a day.
    pub(super) fn halves(self) -> Option<(Self, Self)> {
        // `midpoint` would round towards 1970, and give a span of two days before it back as it was.
        let middle = self.from + (self.to - self.from) / 2;
        let halves = (
            Self {
                from: self.from,
                to: middle,
            },
            Self {
                from: middle + 1,
                to: self.to,
            },
        );
        (self.from < self.to).then_some(halves)
    }
}

const DAYS_OF_400_YEARS: i64 = 146_097;

/// Days from 1 January 1970 to 1 March 2000, where leap days stand at the end of the year and of the 400 years.
const MARCH_2000: i64 = 11_017;

/// A day as PubMed writes it: `2024/02/29`.
pub(super) fn written(day: i64) -> String {
    let since = day - MARCH_2000;
    let cycle = since.div_euclid(DAYS_OF_400_YEARS);
    let mut left = since.rem_euclid(DAYS_OF_400_YEARS);
    // The last of four, as of four centuries, has a day more.
    let centuries = (left / 36_524).min(3);
    left -= centuries * 36_524;
    let fours = left / 1461;
    left -= fours * 1461;
    let years = (left / 365).min(3);
    left -= years * 365;
    let mut year = 2000 + 400 * cycle + 100 * centuries + 4 * fours + years;
    let mut month = 3;
    for length in [31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    if month > 12 {
        month -= 12;
        year += 1;
    }
    format!("{year:04}/{month:02}/{:02}", left + 1)
}

/// Seconds since 1970 of a date as in the headers of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut parts = text.split_once(", ")?.1.split(' ');
    let day: i64 = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i64;
    let year: i64 = parts
        .next()?
        .parse()
        .ok()
        .filter(|year| (1970..3000).contains(year))?;
    let mut clock = parts
        .next()?
        .split(':')
        .map(|part| part.parse::<i64>().ok().filter(|part| (0..=60).contains(part)));
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    // Years begin in March.
    let (year, month) = if month < 2 {
        (year - 1, month + 10)
    } else {
        (year, month - 2)
    };
    let since = year - 2000;
    let leaps = since.div_euclid(4) - since.div_euclid(100) + since.div_euclid(400);
    let days = MARCH_2000 + 365 * since + leaps + (153 * month + 2) / 5 + day - 1;
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_names_of_the_calendar() {
        for (day, name) in [
            (0, "1970/01/01"),
            (-1, "1969/12/31"),
            (59, "1970/03/01"),
            (11_016, "2000/02/29"),
            (11_017, "2000/03/01"),
            (19_782, "2024/02/29"),
            (EVER.from, "1800/01/01"),
            (EVER.to, "2199/12/31"),
        ] {
            assert_eq!(written(day), name);
        }
    }

    #[test]
    fn the_calendar_has_no_hole() {
        let mut before = written(EVER.from - 1);
        for day in EVER.from..=EVER.to {
            let now = written(day);
            assert!(now > before, "{before} {now}");
            before = now;
        }
    }

    #[test]
    fn dates_of_headers_are_seconds() {
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(
            seconds("Thu, 29 Feb 2024 00:00:01 GMT"),
            Some(19_782 * 86_400 + 1)
        );
        for text in [
            "",
            "soon",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994",
            "Sun, 06 Foo 1994 08:49:37 GMT",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn halves_are_the_whole() {
        let (earlier, later) = EVER.halves().unwrap();
        assert_eq!(
            (earlier.from, earlier.to + 1, later.to),
            (EVER.from, later.from, EVER.to)
        );
        assert_eq!(Span { from: 3, to: 3 }.halves(), None);
        for from in [-3, -2, -1, 0, 1] {
            let day = |day| Span { from: day, to: day };
            let two = Span { from, to: from + 1 };
            assert_eq!(two.halves(), Some((day(from), day(from + 1))));
        }
    }
}
