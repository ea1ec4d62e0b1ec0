//! The folder with a file for each of some relying parties, so that adding one touches no other.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{ConfigError, error::Source, read_text};

/// One file of the folder: a relying party, with the keys of a `[[relying_party]]` table.
pub(super) struct Fragment {
    name: String,
    pub(super) text: String,
    pub(super) folder: PathBuf,
}

impl Fragment {
    pub(super) fn source(&self) -> Source<'_> {
        Source {
            file: &self.name,
            text: &self.text,
        }
    }
}

/// All `*.toml` of a folder, by name. What begins with a dot is passed over: editors leave it.
pub(super) fn read(folder: &Path) -> Result<Vec<Fragment>, ConfigError> {
    let unreadable = |source| ConfigError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_toml = path.extension().is_some_and(|kind| kind == "toml");
        let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
        if is_toml && !path.file_name().is_some_and(is_hidden) {
            paths.push(path);
        }
    }
    paths.sort();
    let fragment = |path: PathBuf| {
        Ok(Fragment {
            name: path.display().to_string(),
            text: read_text(&path)?,
            folder: folder.to_owned(),
        })
    };
    paths.into_iter().map(fragment).collect()
}
