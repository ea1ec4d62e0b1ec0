//! Looks whether lines are as they were written: none changed, taken out, put in or moved.
//!
//! A chain without a secret cannot show that its end was cut off, or that all of it was written anew.
//! Who knows a [`Head`] of it from elsewhere can: [`Verifier::expect`].

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufRead, Read as _},
};

use serde::Deserialize;

use super::chain::{Digest, Head, Link, Tip};
use super::settings::NodeName;

/// The longest line that is taken for one.
const LONGEST: u64 = 1024 * 1024;

/// What is wrong, or worth knowing, at a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// What.
    pub kind: FindingKind,
}

/// What is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// This line's link does not fit the line before, which has the number before: one of both was
    /// changed.
    Changed,
    /// Lines with these numbers should stand before this one.
    Missing(u64, u64),
    /// A line with this number or a later one stood before already.
    OutOfOrder(u64),
    /// A chain begins anew, though lines of its node stood before.
    BeganAnew,
    /// This is no audit line, and the next one does not say that it was torn.
    NotALine,
    /// A line that a head names is another one, or not there.
    HeadMissing(String),
    /// A line was torn when its process was killed, and the trail says so itself.
    Torn,
    /// The file ends within a line: the process was killed, or is writing.
    OpenEnd,
    /// The trail says itself that so many lines could not be written.
    Lost(u64),
    /// What came before this number is in no file that was looked at.
    BeginsAt(u64),
}

impl FindingKind {
    /// Whether the lines are not as they were written. What is not wrong is only told.
    pub fn is_wrong(&self) -> bool {
        !matches!(
            self,
            Self::Torn | Self::OpenEnd | Self::Lost(_) | Self::BeginsAt(_)
        )
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("this line or the one before it was changed"),
            Self::Missing(first, last) => {
                write!(
                    f,
                    "lines {first} to {last} of the chain are missing before this one"
                )
            }
            Self::OutOfOrder(seq) => {
                write!(f, "line {seq} of the chain is out of order, or there twice")
            }
            Self::BeganAnew => f.write_str("the chain begins anew here"),
            Self::NotALine => f.write_str("this is no audit line"),
            Self::HeadMissing(head) => write!(f, "{head} is not in these files"),
            Self::Torn => f.write_str("torn when the process was killed, as the trail says itself"),
            Self::OpenEnd => f.write_str("ends within a line: killed, or being written"),
            Self::Lost(lines) => write!(f, "{lines} lines before this one could not be written"),
            Self::BeginsAt(seq) => write!(f, "begins at line {seq} of the chain: see older files"),
        }
    }
}

/// Reads lines of one or several nodes, and keeps no more of them than the last of each.
#[derive(Debug, Default)]
pub struct Verifier {
    chains: BTreeMap<String, Chain>,
    expected: Vec<Head>,
    /// The octets of lines that are none, and where the first of them stands.
    strange: Option<(u64, String, u64)>,
    findings: Vec<Finding>,
    lines: u64,
}

#[derive(Debug)]
struct Chain {
    first: u64,
    tip: Tip,
    first_time: String,
    last_time: String,
}

/// What was seen of one node's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The number of the first line.
    pub first: u64,
    /// When that was written.
    pub from: String,
    /// When the last one was written.
    pub until: String,
    /// The last line.
    pub head: Head,
}

/// Lines that the trail has about itself.
#[derive(Deserialize)]
struct OfTrail {
    #[serde(default)]
    torn: u64,
    #[serde(default)]
    lost: u64,
}

/// A line that was read.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// Without its line feed.
    pub text: &'a [u8],
    /// Which of the file, counted from 1.
    pub line: u64,
}

impl Verifier {
    /// A line that must be there.
    pub fn expect(&mut self, head: Head) {
        self.expected.push(head);
    }

    /// Reads a file to its end, and shows each line to `each`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(
        &mut self,
        name: &str,
        mut file: impl BufRead,
        mut each: impl FnMut(Read<'_>),
    ) -> io::Result<()> {
        let mut text = Vec::with_capacity(4096);
        let mut line = 0;
        loop {
            text.clear();
            if file.by_ref().take(LONGEST).read_until(b'\n', &mut text)? == 0 {
                break;
            }
            line += 1;
            let Some(whole) = text.strip_suffix(b"\n") else {
                if (text.len() as u64) < LONGEST {
                    self.find(name, line, FindingKind::OpenEnd);
                    break;
                }
                self.stranger(name, line, text.len());
                continue;
            };
            each(Read { text: whole, line });
            match Link::of(whole) {
                Some(place) => self.take(name, line, whole, place),
                None => self.stranger(name, line, text.len()),
            }
        }
        self.still_strange();
        Ok(())
    }

    /// What was found, and what was seen of each node's chain.
    pub fn finish(mut self) -> (Vec<Finding>, Vec<Seen>) {
        let expected = std::mem::take(&mut self.expected);
        for head in expected {
            self.find("", 0, FindingKind::HeadMissing(head.to_string()));
        }
        let seen = self.chains.into_iter().filter_map(|(node, chain)| {
            Some(Seen {
                first: chain.first,
                from: chain.first_time,
                until: chain.last_time,
                head: Head {
                    node: NodeName::parse(&node)?,
                    seq: chain.tip.seq,
                    digest: chain.tip.digest,
                },
            })
        });
        (self.findings, seen.collect())
    }

    /// How many lines were good.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    fn take(&mut self, name: &str, line: u64, text: &[u8], place: Link<'_>) {
        let is_of_trail = is_of_trail(text);
        if is_of_trail || self.strange.is_some() {
            let says = serde_json::from_slice(text).unwrap_or(OfTrail { torn: 0, lost: 0 });
            if let Some((octets, file, at)) = self.strange.take() {
                let is_told = is_of_trail && says.torn == octets;
                let kind = if is_told {
                    FindingKind::Torn
                } else {
                    FindingKind::NotALine
                };
                self.find(&file, at, kind);
            }
            if says.lost > 0 {
                self.find(name, line, FindingKind::Lost(says.lost));
            }
        }
        let tip = Tip {
            seq: place.seq,
            digest: Digest::of(text),
        };
        let time = || time_of(text).to_owned();
        let wrong = match self.chains.get_mut(place.node) {
            None => {
                let first = Chain {
                    first: place.seq,
                    tip,
                    first_time: time(),
                    last_time: time(),
                };
                self.chains.insert(place.node.to_owned(), first);
                match place.seq {
                    1 => (place.prev != Digest::default()).then_some(FindingKind::Changed),
                    seq => Some(FindingKind::BeginsAt(seq)),
                }
            }
            Some(chain) => {
                let before = chain.tip;
                chain.tip = tip;
                chain.last_time.clear();
                chain.last_time.push_str(time_of(text));
                if place.seq == 1 {
                    Some(FindingKind::BeganAnew)
                } else if place.seq <= before.seq {
                    Some(FindingKind::OutOfOrder(place.seq))
                } else if place.seq > before.seq + 1 {
                    Some(FindingKind::Missing(before.seq + 1, place.seq - 1))
                } else {
                    (place.prev != before.digest).then_some(FindingKind::Changed)
                }
            }
        };
        self.lines += 1;
        if let Some(kind) = wrong {
            self.find(name, line, kind);
        }
        self.expected.retain(|head| {
            head.node.as_str() != place.node || head.seq != tip.seq || head.digest != tip.digest
        });
    }

    fn stranger(&mut self, name: &str, line: u64, octets: usize) {
        let (all, ..) = self.strange.get_or_insert((0, name.to_owned(), line));
        *all += octets as u64;
    }

    /// Nothing behind it says that it was torn.
    fn still_strange(&mut self) {
        if let Some((_, file, line)) = self.strange.take() {
            self.find(&file, line, FindingKind::NotALine);
        }
    }

    fn find(&mut self, file: &str, line: u64, kind: FindingKind) {
        // A file of something else altogether is known by its beginning.
        if self.findings.len() < 1000 {
            let file = file.to_owned();
            self.findings.push(Finding { file, line, kind });
        }
    }
}

/// Whether it has no correlation: lines of sign-ins need not be parsed.
fn is_of_trail(text: &[u8]) -> bool {
    const EVENT: &[u8] = b"\"event\":\"lines-lost\"";
    text.get(..128.min(text.len()))
        .is_some_and(|start| start.windows(EVENT.len()).any(|window| window == EVENT))
}

/// The time of a line, which stands at its beginning.
fn time_of(text: &[u8]) -> &str {
    let start = b"{\"v\":1,\"timestamp\":\"".len();
    let time = text.get(start..start + 27).unwrap_or_default();
    std::str::from_utf8(time).unwrap_or_default()
}
