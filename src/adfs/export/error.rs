use crate::xml::ReadError;

/// Why an export cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// More than [`super::LONGEST_EXPORT`].
    #[error("the file is longer than {} bytes", super::LONGEST_EXPORT)]
    TooLong,
    /// Neither UTF-8 nor UTF-16 with a mark of its byte order.
    #[error("the file is neither UTF-8 nor UTF-16")]
    Encoding,
    /// It begins neither as XML nor as JSON.
    #[error("the file is neither CLIXML (Export-Clixml) nor JSON (ConvertTo-Json)")]
    Unknown,
    /// No XML.
    #[error("the XML cannot be read: {0}")]
    Xml(#[from] ReadError),
    /// XML of something else than PowerShell.
    #[error("the XML is no CLIXML: {0}")]
    Clixml(&'static str),
    /// No JSON.
    #[error("the JSON cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// There is no trust in it.
    #[error("there is no relying party trust in the file")]
    Empty,
    /// An object that is no trust.
    #[error(
        "an object in the file is no relying party trust: it has no {0}; export what \
         Get-AdfsRelyingPartyTrust answers, all of its properties"
    )]
    NoTrust(&'static str),
    /// A property is not what it should be.
    #[error("{property} of the trust {trust:?} is not {expected}")]
    Property {
        /// The trust's name.
        trust: String,
        /// The property.
        property: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// Objects within the trust were cut off.
    #[error(
        "the export of the trust {0:?} is too shallow, its endpoints are missing; export again with \
         -Depth 5"
    )]
    Shallow(String),
}
