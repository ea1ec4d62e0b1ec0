use std::{
    fs::File,
    io::Read as _,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::ConfigError;

/// Where a secret is kept; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file, for the owner alone.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

impl SecretSource {
    /// Reads the secret; one line break at the end of a file is not part of it.
    ///
    /// # Errors
    /// When it is not there, empty, or readable by others than the file's owner.
    pub fn read(&self) -> Result<Zeroizing<String>, ConfigError> {
        let missing = || ConfigError::Secret(self.to_string());
        let secret = match self {
            Self::Env(name) => Zeroizing::new(std::env::var(name).map_err(|_| missing())?),
            Self::File(path) => {
                let bytes = read_private(path)?;
                let text = std::str::from_utf8(&bytes).map_err(|_| missing())?;
                let text = text.strip_suffix('\n').unwrap_or(text);
                Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned())
            }
        };
        if secret.is_empty() {
            Err(missing())
        } else {
            Ok(secret)
        }
    }
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// Reads a file that only its owner may read: not the group, not the world.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let read = |source| ConfigError::Read {
        path: path.to_owned(),
        source,
    };
    // Opened once: what was judged is what is read, whatever happens to the name meanwhile.
    let mut file = File::open(path).map_err(read)?;
    let mode = file.metadata().map_err(read)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(ConfigError::OpenSecret {
            path: path.to_owned(),
            mode,
        });
    }
    let mut content = Zeroizing::new(Vec::new());
    file.read_to_end(&mut content).map_err(read)?;
    Ok(content)
}
