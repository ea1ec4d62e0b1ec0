//! The key files. Each change is one rename, so that whoever reads them at any moment finds a key that
//! belongs to a certificate beside it.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown},
    path::{Path, PathBuf},
};

use crate::{config::Signing, keys::NewKey};

/// Why a file could not be written or moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// The operating system says why.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// The operating system's word.
        source: io::Error,
    },
    /// The server could not read the next key.
    #[error("{next} does not belong to the owner of {current}: the server could not read it")]
    Owner {
        /// The next key.
        next: PathBuf,
        /// The current one.
        current: PathBuf,
    },
    /// The former key of another rollover is still there.
    #[error(
        "{0} is there, and is not the key that signs: take it away, or put it where it belongs"
    )]
    Former(PathBuf),
}

/// Where the former key waits until the rollover is ended.
pub(super) fn former(key: &Path) -> PathBuf {
    let mut name = OsString::from(key);
    name.push(".former");
    name.into()
}

/// Writes the next key and its certificate, for the owner of the current ones. A key is never
/// overwritten. The certificate comes last: it is what announces them.
pub(super) fn write_next(files: &Signing, made: &NewKey) -> Result<(), FilesError> {
    let owner = fs::metadata(&files.key).map_err(at(&files.key))?;
    let certificate = made.signer.certificate().to_pem();
    for (path, text, mode) in [
        (&files.next_key, made.private_key_pem.as_str(), 0o600),
        (&files.next_certificate, certificate.as_str(), 0o644),
    ] {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)
            .map_err(at(path))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(at(path))?;
        let own = file.metadata().map_err(at(path))?;
        if (own.uid(), own.gid()) != (owner.uid(), owner.gid()) {
            chown(path, Some(owner.uid()), Some(owner.gid())).map_err(at(path))?;
        }
        settle(path)?;
    }
    Ok(())
}

/// Puts the next key in the place of the current one, which is kept beside it. The exchange is one
/// rename; the certificates stay where they are, since the key says which of them counts.
pub(super) fn exchange(files: &Signing) -> Result<(), FilesError> {
    let (next, current) = (&files.next_key, &files.key);
    let owner = |path: &PathBuf| {
        let metadata = fs::metadata(path).map_err(at(path))?;
        Ok::<_, FilesError>((metadata.uid(), metadata.gid()))
    };
    if owner(next)? != owner(current)? {
        return Err(FilesError::Owner {
            next: next.clone(),
            current: current.clone(),
        });
    }
    let kept = former(current);
    match fs::hard_link(current, &kept) {
        Ok(()) => {}
        // An exchange that was broken off has kept it already.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if inode(&kept)? != inode(current)? {
                return Err(FilesError::Former(kept));
            }
        }
        Err(error) => return Err(at(&kept)(error)),
    }
    fs::rename(next, current).map_err(at(current))?;
    settle(current)
}

/// Ends it: the new certificate takes the place of the former one, whose key goes.
pub(super) fn end(files: &Signing) -> Result<(), FilesError> {
    let kept = former(&files.key);
    match fs::remove_file(&kept) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(at(&kept)(error)),
    }
    fs::rename(&files.next_certificate, &files.certificate).map_err(at(&files.certificate))?;
    settle(&files.certificate)
}

fn inode(path: &Path) -> Result<(u64, u64), FilesError> {
    let metadata = fs::metadata(path).map_err(at(path))?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Makes what was done to names in a folder last through a loss of power.
fn settle(path: &Path) -> Result<(), FilesError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(at(folder))
}

fn at(path: &Path) -> impl Fn(io::Error) -> FilesError + use<> {
    let path = path.to_owned();
    move |source| FilesError::Io {
        path: path.clone(),
        source,
    }
}
