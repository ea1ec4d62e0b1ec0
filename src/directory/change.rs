//! Changing a password, by the person herself: the old one goes, the new one comes.
//!
//! Nothing here resets a password: without the old one nothing is changed, and the service account
//! needs no right to reset.

use std::{collections::HashSet, time::Instant};

use ldap3::{LdapResult, Mod, exop::PasswordModify};
use zeroize::Zeroizing;

use super::{
    Directory, DirectoryError, Dn, Password, Step, TlsMode,
    connection::{Connection, isolated, shorten},
};

/// How a directory changes passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PasswordChange {
    /// Not at all.
    #[default]
    Off,
    /// Active Directory: old `unicodePwd` deleted and new one added in one modification
    /// (MS-ADTS 3.1.1.3.1.5.2). Done on the service account's connection, since somebody whose
    /// password has expired cannot bind; the old password is the proof.
    ActiveDirectory,
    /// The Password Modify operation (RFC 3062), bound as the person.
    PasswordModify,
}

/// Why a password was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The old password is wrong.
    #[error("the old password is wrong")]
    Wrong,
    /// The directory's policy does not take the new one: too short, too simple, used before, or
    /// changed too recently. Active Directory does not say which.
    #[error("the directory's policy refuses the new password: {0}")]
    Policy(PolicyRefusal),
    /// Passwords cannot be changed here: switched off, or without TLS.
    #[error("passwords are not changed in this directory")]
    Off,
    /// The directory refused for another reason, such as missing rights (50).
    #[error("the directory refused the change: result {code} {text}")]
    Refused {
        /// The LDAP result code (RFC 4511 4.1.9).
        code: u32,
        /// The diagnostic text of the server, shortened.
        text: String,
    },
    /// No answer: down, hung or busy.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// What the policy has against a new password, as far as the directory says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyRefusal {
    /// Too short or too simple.
    Quality,
    /// Used before.
    History,
    /// The last change was too recent.
    TooYoung,
    /// One of these; the directory does not say which.
    Unspecified,
}

impl std::fmt::Display for PolicyRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Quality => "too short or too simple",
            Self::History => "used before",
            Self::TooYoung => "changed too recently",
            Self::Unspecified => "too short, too simple, used before, or changed too recently",
        })
    }
}

impl Directory {
    /// Whether passwords can be changed here.
    pub fn changes_passwords(&self) -> bool {
        let settings = self.settings();
        settings.password_change != PasswordChange::Off
            && settings.tls_mode != TlsMode::PlaintextOnPurpose
    }

    /// Changes the password of an account from `old` to `new`.
    ///
    /// Never tried a second time: the first may have been done although its answer was lost.
    pub async fn change_password(
        &self,
        dn: &Dn,
        old: &Password,
        new: &Password,
    ) -> Result<(), ChangeError> {
        if !self.changes_passwords() {
            return Err(ChangeError::Off);
        }
        match self.settings().password_change {
            PasswordChange::Off => Err(ChangeError::Off),
            PasswordChange::ActiveDirectory => self.change_unicode_pwd(dn, old, new).await,
            PasswordChange::PasswordModify => self.modify_password(dn, old, new).await,
        }
    }

    async fn change_unicode_pwd(
        &self,
        dn: &Dn,
        old: &Password,
        new: &Password,
    ) -> Result<(), ChangeError> {
        let budget = self.dialer.budget();
        let connection = self.dialer.dial_bound(None, budget).await?;
        let mut ldap = connection.ldap();
        let name = dn.as_str().to_owned();
        let (old, new) = (quoted(old), quoted(new));
        let change = async move {
            let attribute = b"unicodePwd".to_vec();
            let changes = vec![
                Mod::Delete(attribute.clone(), HashSet::from([old.to_vec()])),
                Mod::Add(attribute, HashSet::from([new.to_vec()])),
            ];
            ldap.modify(&name, changes).await
        };
        let limit = self.settings().limits.operation_deadline;
        let answer = isolated(limit, change).await;
        read(&answer.map_err(|fault| failed(&connection, &fault))?)
    }

    async fn modify_password(
        &self,
        dn: &Dn,
        old: &Password,
        new: &Password,
    ) -> Result<(), ChangeError> {
        let limits = &self.settings().limits;
        let connection = self.dialer.dial_unbound(self.dialer.budget()).await?;
        let started = Instant::now();
        let mut ldap = connection.ldap();
        let (name, secret) = (dn.as_str().to_owned(), old.clone());
        let bind = async move { ldap.simple_bind(&name, secret.expose()).await };
        let bound = isolated(limits.operation_deadline, bind).await;
        match bound.map_err(|fault| failed(&connection, &fault))? {
            LdapResult { rc: 0, .. } => {}
            // The old password was right a moment ago: it is the account that may not bind.
            other => return read(&other),
        }
        let mut ldap = connection.ldap();
        let (name, old, new) = (dn.as_str().to_owned(), old.clone(), new.clone());
        let change = async move {
            let request = PasswordModify {
                user_id: Some(&name),
                old_pass: Some(old.expose()),
                new_pass: Some(new.expose()),
            };
            ldap.extended(request).await.map(|answer| answer.1)
        };
        let left = limits.operation_deadline.saturating_sub(started.elapsed());
        let answer = isolated(left, change).await;
        read(&answer.map_err(|fault| failed(&connection, &fault))?)
    }
}

fn failed(connection: &Connection, fault: &super::connection::Fault) -> DirectoryError {
    connection.failed(Step::PasswordChange, fault)
}

/// `unicodePwd` is UTF-16, little-endian, in quotes.
fn quoted(password: &Password) -> Zeroizing<Vec<u8>> {
    let text = Zeroizing::new(format!("\"{}\"", password.expose()));
    Zeroizing::new(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

fn read(result: &LdapResult) -> Result<(), ChangeError> {
    match result.rc {
        0 => Ok(()),
        // constraintViolation. Active Directory puts the Win32 code first: ERROR_INVALID_PASSWORD
        // for a wrong old one, ERROR_PASSWORD_RESTRICTION for a new one that it does not take.
        19 if result.text.starts_with("00000056") => Err(ChangeError::Wrong),
        19 => Err(ChangeError::Policy(policy_refusal(&result.text))),
        code => Err(ChangeError::Refused {
            code,
            text: shorten(&result.text),
        }),
    }
}

/// OpenLDAP says it in words.
fn policy_refusal(text: &str) -> PolicyRefusal {
    let text = text.to_ascii_lowercase();
    if text.contains("history") || text.contains("not being changed") {
        PolicyRefusal::History
    } else if text.contains("too young") {
        PolicyRefusal::TooYoung
    } else if ["quality", "too short", "complexity"]
        .iter()
        .any(|word| text.contains(word))
    {
        PolicyRefusal::Quality
    } else {
        PolicyRefusal::Unspecified
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rc: u32, text: &str) -> Result<(), ChangeError> {
        read(&LdapResult {
            rc,
            matched: String::new(),
            text: text.to_owned(),
            refs: Vec::new(),
            ctrls: Vec::new(),
        })
    }

    #[test]
    fn answers_are_told_apart() {
        use PolicyRefusal::{History, Quality, TooYoung, Unspecified};
        assert_eq!(answer(0, ""), Ok(()));
        let wrong = "00000056: AtrErr: DSID-03190FD7";
        assert_eq!(answer(19, wrong), Err(ChangeError::Wrong));
        for (text, refusal) in [
            (
                "0000052D: Constraint violation - check_password_restrictions",
                Unspecified,
            ),
            ("Password fails quality checking policy", Quality),
            ("Password is too short for policy", Quality),
            (
                "0000052D: the password does not meet the complexity criteria!",
                Quality,
            ),
            ("Password is in history of old passwords", History),
            ("Password is not being changed from existing value", History),
            ("Password is too young to change", TooYoung),
        ] {
            assert_eq!(
                answer(19, text),
                Err(ChangeError::Policy(refusal)),
                "{text}"
            );
        }
        assert!(matches!(
            answer(50, ""),
            Err(ChangeError::Refused { code: 50, .. })
        ));
    }

    #[test]
    fn active_directory_wants_quotes_and_utf_16() {
        let password = Password::parse("pä€").unwrap();
        assert_eq!(
            quoted(&password)[..],
            [34, 0, 112, 0, 0xe4, 0, 0xac, 0x20, 34, 0]
        );
    }
}
