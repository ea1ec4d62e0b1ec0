//! The file that lines are appended to, and those that it was before.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{
    chain::{Digest, Link, Tip},
    settings::NodeName,
    trail::Torn,
};

/// How much of a file's end is searched for its last whole line.
const TAIL: u64 = 1024 * 1024;

/// An open file, for its owner alone.
pub(super) struct TrailFile {
    path: PathBuf,
    file: File,
    /// Half a line was written, and could not be taken back.
    is_torn: bool,
}

/// What a file ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Resumed {
    pub(super) tip: Tip,
    pub(super) torn: Option<Torn>,
}

impl TrailFile {
    /// Opens or makes the file, and finds where its chain ends. Where the file is new, that is where the
    /// one ends that was moved away last.
    ///
    /// # Errors
    /// When it cannot be opened, or holds something else than this node's lines.
    pub(super) fn open(path: &Path, node: &NodeName) -> io::Result<(Self, Resumed)> {
        let file = open(path)?;
        let mut resumed = resume(&file, path, node)?;
        if resumed == Resumed::default() {
            for former in rotated(path).into_iter().rev() {
                // One that cannot be read is not continued from, and the new chain says so.
                let end = File::open(&former).and_then(|file| resume(&file, &former, node));
                if let Ok(end) = end
                    && end.tip != Tip::default()
                {
                    resumed.tip = end.tip;
                    break;
                }
            }
        }
        let this = Self {
            path: path.to_owned(),
            file,
            is_torn: false,
        };
        Ok((this, resumed))
    }

    /// Writes all, or nothing: half a line is taken back.
    pub(super) fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut rest = octets;
        let error = loop {
            match self.file.write(rest) {
                Ok(0) => break io::ErrorKind::WriteZero.into(),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break error,
            }
            if rest.is_empty() {
                return Ok(());
            }
        };
        let written = (octets.len() - rest.len()) as u64;
        if written > 0 {
            let length = self.file.metadata()?.len();
            let taken_back = self.file.set_len(length.saturating_sub(written));
            self.is_torn = taken_back.is_err();
        }
        Err(error)
    }

    /// Where the file ends, if half a line was left in it.
    pub(super) fn mend(&mut self, node: &NodeName) -> io::Result<Option<Resumed>> {
        if !self.is_torn {
            return Ok(None);
        }
        let resumed = resume(&File::open(&self.path)?, &self.path, node)?;
        self.is_torn = false;
        Ok(Some(resumed))
    }

    /// Opens what is at the path now, and tells whether that is another file.
    pub(super) fn reopened(&mut self) -> io::Result<bool> {
        let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let file = open(&self.path)?;
        if place(file.metadata()?) == place(self.file.metadata()?) {
            return Ok(false);
        }
        self.file = file;
        self.is_torn = false;
        Ok(true)
    }

    /// A second handle of the same file.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

/// The files of the trail at this path: those that were moved away, by the time of their last line,
/// and the present one. Compressed ones are left out.
pub fn of_trail(path: &Path) -> Vec<PathBuf> {
    let mut files = rotated(path);
    if path.is_file() {
        files.push(path.to_owned());
    }
    files
}

/// `NAME.1`, `NAME-20261124` and the like.
fn rotated(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let is_rotated = |found: &OsStr| {
        let rest = found.as_encoded_bytes().strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(b".") || rest.starts_with(b"-"))
    };
    let is_compressed = |path: &Path| {
        let kind = path.extension().and_then(OsStr::to_str);
        kind.is_some_and(|kind| ["gz", "xz", "zst", "bz2"].contains(&kind))
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter(|entry| is_rotated(&entry.file_name()) && !is_compressed(&entry.path()))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path)
}

/// Finds the last whole line, and what is behind it.
fn resume(file: &File, path: &Path, node: &NodeName) -> io::Result<Resumed> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(Resumed::default());
    }
    let mut reading = File::open(path)?;
    let start = reading.seek(SeekFrom::Start(metadata.len().saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    reading.take(TAIL).read_to_end(&mut tail)?;
    let mut end = tail.len();
    while let Some(feed) = tail
        .get(..end)
        .and_then(|tail| tail.iter().rposition(|&b| b == b'\n'))
    {
        let before = tail.get(..feed).unwrap_or_default();
        let begin = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let line = before.get(begin..).unwrap_or_default();
        if let Some(link) = Link::of(line).filter(|link| link.node == node.as_str()) {
            let behind = (tail.len() - feed - 1) as u64;
            let is_open = tail.last() != Some(&b'\n');
            return Ok(Resumed {
                tip: Tip {
                    seq: link.seq,
                    digest: Digest::of(line),
                },
                torn: (behind > 0).then_some(Torn {
                    octets: behind + u64::from(is_open),
                    is_open,
                }),
            });
        }
        end = feed;
    }
    // The very first line may be the one that was torn.
    if start == 0 && tail.starts_with(b"{\"v\":") && !tail.contains(&b'\n') {
        let octets = tail.len() as u64 + 1;
        let torn = Torn {
            octets,
            is_open: true,
        };
        return Ok(Resumed {
            tip: Tip::default(),
            torn: Some(torn),
        });
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "it does not end in audit lines of the node {}",
            node.as_str()
        ),
    ))
}
