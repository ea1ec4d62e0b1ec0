use std::{fmt, ops::Range, path::PathBuf};

/// Why a configuration was refused: what, where in the file, and what may have been meant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that the configuration needs cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A key or certificate file does not hold what it should.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: crate::keys::KeyError,
    },
    /// The file with a private key or password may be read by others.
    #[error("{path} is open to others than its owner (mode {mode:o}); run: chmod 600 {path}")]
    OpenSecret {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// TLS files that do not make a server or a client.
    #[error("{what}: {cause}")]
    Tls {
        /// Which files.
        what: String,
        /// What is wrong with them.
        cause: String,
    },
    /// The secret for pairwise names is not long enough.
    #[error("the secret {what}: {source}")]
    Salt {
        /// Where it is.
        what: String,
        /// What is wrong with it.
        source: crate::trust::SaltError,
    },
    /// The secret that nodes seal by is too short.
    #[error("{what}: {source}")]
    SealKey {
        /// Where the secret is.
        what: String,
        /// What is wrong with it.
        source: crate::keys::KeyError,
    },
    /// A secret is not where the configuration says.
    #[error("the secret {0} is empty or not there")]
    Secret(String),
}

/// A value or key that is wrong, with its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The file's name, for the message.
    pub file: String,
    /// The line, counted from 1; 0 where the error has no place.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

impl std::error::Error for Invalid {}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean `{suggestion}`?")?;
        }
        Ok(())
    }
}

/// A text to make errors about.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Source<'_> {
    pub(crate) fn invalid(&self, span: Range<usize>, message: impl Into<String>) -> ConfigError {
        ConfigError::Invalid(Invalid {
            file: self.file.to_owned(),
            line: self.line(&span),
            message: message.into(),
            suggestion: None,
        })
    }

    /// A name that means nothing, with the nearest one that would.
    pub(super) fn unknown<'n>(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        unknown: &str,
        known: impl Iterator<Item = &'n str>,
    ) -> ConfigError {
        ConfigError::Invalid(Invalid {
            file: self.file.to_owned(),
            line: self.line(&span),
            message: message.into(),
            suggestion: nearest(unknown, known).map(str::to_owned),
        })
    }

    /// What the TOML library found wrong, with the nearest name that would have been right.
    pub(crate) fn toml(&self, error: &toml::de::Error) -> ConfigError {
        let message = match error.message() {
            // serde's words for `x = "attribute"` where `x = { attribute = ... }` is meant.
            "invalid type: unit variant, expected newtype variant" => {
                "this word needs a value: { WORD = ... }".to_owned()
            }
            other => other.to_owned(),
        };
        ConfigError::Invalid(Invalid {
            file: self.file.to_owned(),
            line: error.span().map_or(0, |span| self.line(&span)),
            suggestion: nearest_expected(&message),
            message,
        })
    }

    /// Counted from 1; 0 where there is no place.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        if span.is_empty() && span.start == 0 {
            return 0;
        }
        self.text
            .bytes()
            .take(span.start)
            .filter(|&byte| byte == b'\n')
            .count()
            + 1
    }
}

/// serde says "unknown field `x`, expected one of `a`, `b`" (likewise for variants): the quoted
/// words behind the first are the candidates.
fn nearest_expected(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    nearest(unknown, quoted).map(str::to_owned)
}

fn nearest<'n>(unknown: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    known
        .map(|candidate| {
            // One that was written out, or cut off, is meant more surely than any typing error.
            let same_start = unknown.starts_with(candidate) || candidate.starts_with(unknown);
            let distance = strsim::damerau_levenshtein(unknown, candidate);
            (if same_start { 0 } else { distance }, candidate)
        })
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 2)
        .min()
        .map(|(_, candidate)| candidate)
}
