use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use aws_lc_rs::digest::{SHA256, digest};

use super::Origin;

/// The last good metadata of a relying party, kept in a file for a start without the network.
#[derive(Clone, Debug)]
pub struct LastGood {
    path: PathBuf,
    read_only: bool,
}

impl LastGood {
    /// The file in `folder` for what `origin` says about `entity_id`. Another address has another
    /// file, so that what was taken from there is never taken for what is here.
    pub fn of(folder: &Path, entity_id: &str, origin: &Origin) -> Self {
        let named = digest(&SHA256, format!("{origin}\n{entity_id}").as_bytes());
        let hex: String = named
            .as_ref()
            .iter()
            .flat_map(|octet| [octet >> 4, octet & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect();
        Self {
            path: folder.join(format!("metadata-{hex}.xml")),
            read_only: false,
        }
    }

    /// The same, for somebody who only looks: nothing is ever kept.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// The document, and when it was fetched. `None` when none was kept yet.
    ///
    /// # Errors
    /// When there is a file that cannot be read.
    pub fn read(&self) -> io::Result<Option<(Vec<u8>, SystemTime)>> {
        match fs::read(&self.path) {
            Ok(document) => {
                let fetched = fs::metadata(&self.path)?.modified()?;
                Ok(Some((document, fetched)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a document: in full or not at all, whenever the power fails.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn keep(&self, document: &[u8]) -> io::Result<()> {
        if self.read_only {
            return Ok(());
        }
        let beside = self.path.with_extension("new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(document)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
