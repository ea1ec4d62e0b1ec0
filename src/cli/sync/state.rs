//! The file with what the directories said the last time. It has personal data, so it is its owner's.

use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::Context as _;
use homerealm::{directory::Snapshot, provision::Held};
use serde::{Deserialize, Serialize};

/// What each directory said, and what Entra holds.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct State {
    /// By its name.
    pub(super) directories: BTreeMap<String, Snapshot>,
    /// What Entra said, for `sync apply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<Held>,
}

impl State {
    /// Nothing, where there is no file yet.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        serde_json::from_slice(&text).with_context(|| {
            format!(
                "{} is not what `sync plan --state` and `sync apply --state` write; delete it, and everything is read anew",
                path.display()
            )
        })
    }

    /// In one step, so that half a file is never read.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let write = || {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.sync_all()?;
            fs::rename(&beside, path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}
