use std::fmt;

use crate::directory::Attribute;

/// An attribute of an account that may be told to relying parties, or decide about access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldAttribute(Attribute);

/// Why an attribute may not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToldAttributeError {
    /// No name of an attribute.
    #[error("not the name of an LDAP attribute: a letter, then letters, digits and hyphens")]
    Name,
    /// It holds passwords or keys.
    #[error("holds secrets, which are told to nobody")]
    Secret,
    /// Its values are octets, and a claim is text.
    #[error("holds octets and no text; for the account's identity there is \"immutable-id\"")]
    Binary,
}

/// Attributes that a directory should not show a service account, and sometimes does.
const SECRETS: &[&str] = &[
    "authPassword",
    "dBCSPwd",
    "krbExtraData",
    "krbPrincipalKey",
    "lmPwdHistory",
    "ms-FVE-RecoveryPassword",
    "ms-Mcs-AdmPwd",
    "msDS-ManagedPassword",
    "msLAPS-EncryptedPassword",
    "msLAPS-EncryptedPasswordHistory",
    "msLAPS-Password",
    "ntPwdHistory",
    "pwdHistory",
    "sambaLMPassword",
    "sambaNTPassword",
    "sambaPasswordHistory",
    "supplementalCredentials",
    "unicodePwd",
    "unixUserPassword",
    "userPassword",
];

/// Attributes whose octets may happen to be text, and then mean nothing.
const BINARY: &[&str] = &[
    "jpegPhoto",
    "mS-DS-ConsistencyGuid",
    "nTSecurityDescriptor",
    "objectGUID",
    "objectSid",
    "sIDHistory",
    "thumbnailPhoto",
    "tokenGroups",
    "userCertificate",
];

impl ToldAttribute {
    /// Reads a configured name.
    pub fn parse(text: &str) -> Result<Self, ToldAttributeError> {
        let is_one_of = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(text));
        if is_one_of(SECRETS) {
            return Err(ToldAttributeError::Secret);
        }
        if is_one_of(BINARY) {
            return Err(ToldAttributeError::Binary);
        }
        let name = Attribute::parse(text).map_err(|_| ToldAttributeError::Name)?;
        Ok(Self(name))
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name as the directory is asked for it.
    pub fn name(&self) -> &Attribute {
        &self.0
    }
}

impl fmt::Display for ToldAttribute {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_secrets_nor_octets_are_told() {
        for (text, error) in [
            ("unicodepwd", ToldAttributeError::Secret),
            ("USERPASSWORD", ToldAttributeError::Secret),
            ("objectguid", ToldAttributeError::Binary),
            ("", ToldAttributeError::Name),
            ("department;lang-en", ToldAttributeError::Name),
            ("a b", ToldAttributeError::Name),
            ("*", ToldAttributeError::Name),
        ] {
            assert_eq!(ToldAttribute::parse(text), Err(error), "{text}");
        }
        let all = SECRETS.iter().chain(BINARY);
        assert!(all.clone().all(|name| Attribute::parse(name).is_ok()));
        assert!(all.clone().all(|name| ToldAttribute::parse(name).is_err()));
        assert_eq!(
            ToldAttribute::parse("department").unwrap().to_string(),
            "department"
        );
    }
}
