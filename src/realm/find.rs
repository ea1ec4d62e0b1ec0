use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::join_all;

use crate::directory::{
    AccountState, BindError, ChangeError, DirectoryError, Password, PasswordProof,
};

use super::{
    Directories, Home, MappedAccount, Routes, SignInName, Trace, account::Place, locate::Notes,
    memory::Memory,
};

/// How old a remembered mapping may be for a bind alone to do. Beyond it the entry is read again
/// beside the bind, and must still be the same account: a name that was given up and given to
/// somebody else within the cache's lifetime would otherwise sign that one in as the first.
/// Domain controllers of one site are themselves 15 seconds apart (the delay of their change
/// notification), so a fresher look could be no surer. In Active Directory the bind itself names
/// the account by its `objectGUID`, so that there is nothing to mistake meanwhile; what is read
/// again is whether it still may sign in.
const VERIFY_AFTER: Duration = Duration::from_secs(15);

/// All homes of accounts: a sign-in name leads to exactly one account in all of them, or to
/// nobody.
#[derive(Clone)]
pub struct Realm {
    homes: Arc<[Home]>,
    routes: Arc<Routes>,
    pub(super) memory: Memory,
    pub(super) verify_after: Duration,
}

/// Why a name means no account that may sign in. For the audit log: the person must not learn
/// which of these it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// No account has this name.
    #[error("no account has this name")]
    NoMatch,
    /// Several accounts have it, or so many were alike that this cannot be ruled out.
    #[error("{count} or more accounts may have this name")]
    Ambiguous {
        /// How many were seen.
        count: usize,
    },
    /// The account lies outside of the configured scope.
    #[error("{dn} lies outside of the configured scope")]
    OutOfScope {
        /// Where it lies.
        dn: String,
    },
    /// The account is, or was, in a protected group (`adminCount=1`).
    #[error("{dn} is privileged (adminCount=1)")]
    Privileged {
        /// The account.
        dn: String,
    },
    /// The account is in a group whose members may not sign in.
    #[error("{dn} is in a refused group")]
    InRefusedGroup {
        /// The account.
        dn: String,
    },
    /// The name is an address of the organisation's own, and not the account's UPN.
    #[error("{dn} has an address in the organisation's own domain {domain}, which is not its UPN")]
    OwnDomain {
        /// The account.
        dn: String,
        /// The domain of the name.
        domain: String,
    },
    /// The account has no userPrincipalName, several, or one that is none.
    #[error("{dn} has no usable userPrincipalName")]
    NoUpn {
        /// The account.
        dn: String,
    },
    /// The account's UPN ends in a suffix that is not federated with us.
    #[error("the suffix {suffix} of the account's UPN is not a federated domain")]
    SuffixNotFederated {
        /// The suffix.
        suffix: String,
    },
    /// The account has no ImmutableID, several, or one that Entra cannot take.
    #[error("{dn} has no usable ImmutableID")]
    NoImmutableId {
        /// The account.
        dn: String,
    },
    /// An attribute that tells the account's state has a value that is no number.
    #[error("the state of {dn} cannot be read")]
    UnreadableState {
        /// The account.
        dn: String,
    },
    /// The directory names the account in a way that is no DN.
    #[error("the directory returned an entry whose name is no DN")]
    BadDn,
    /// A directory that might have the account gave no answer.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Realm {
    /// Makes a realm of its homes, in the order of the configuration.
    pub fn new(homes: Vec<Home>) -> Self {
        let mappings = || homes.iter().map(Home::mapping);
        let capacity = mappings().map(|mapping| mapping.cache_capacity).max();
        let longest = mappings().map(|mapping| mapping.cache_lifetime).max();
        Self {
            memory: Memory::new(capacity.unwrap_or(0), longest.unwrap_or_default()),
            homes: homes.into(),
            routes: Arc::default(),
            verify_after: VERIFY_AFTER,
        }
    }

    /// The same homes, with routes that say where a name belongs.
    #[must_use]
    pub fn with_routes(self, routes: Routes) -> Self {
        Self {
            routes: Arc::new(routes),
            ..self
        }
    }

    /// Where a name belongs.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The homes, in the order of the configuration.
    pub fn homes(&self) -> &[Home] {
        &self.homes
    }

    /// The account that a name means, in all directories. One search in each that might have it, or
    /// none where the answer is remembered.
    pub async fn find(&self, name: &SignInName) -> Result<MappedAccount, MappingError> {
        self.find_in(Directories::All, name).await
    }

    /// The account that a name means in these directories.
    pub async fn find_in(
        &self,
        directories: Directories<'_>,
        name: &SignInName,
    ) -> Result<MappedAccount, MappingError> {
        let key = match self.asked(directories, name).next() {
            Some((place, _)) => place.key(name),
            None => return Err(MappingError::NoMatch),
        };
        if let Some(remembered) = self.memory.recall(&key) {
            return remembered;
        }
        let (outcome, _) = self.ask(directories, name, false).await;
        match &outcome {
            Ok(account) => {
                if let Some(home) = self.homes.get(account.home()) {
                    self.memory.keep(account, home.mapping.cache_lifetime);
                }
            }
            Err(error) => self.memory.keep_refusal(key, error),
        }
        outcome
    }

    /// Asks the directory whether this is the account's password, and, where the mapping is not
    /// fresh, whether the entry is still the account. When it is not accepted, the mapping is not
    /// relied on any more: the account may have moved since.
    pub async fn prove(
        &self,
        account: &MappedAccount,
        password: &Password,
    ) -> Result<PasswordProof, BindError> {
        let Some(home) = self.homes.get(account.home()) else {
            return Err(BindError::Wrong);
        };
        let is_fresh = self.memory.was_seen_within(account, self.verify_after);
        let (bound, state) = tokio::join!(
            home.directory.check_password(account.principal(), password),
            async {
                if is_fresh {
                    Ok(account.state())
                } else {
                    home.look_again(account).await
                }
            }
        );
        let proof = bound.inspect_err(|_| self.memory.doubt(account))?;
        // Whatever it is from here on, whoever asks has the right password.
        match state {
            Ok(None) => {
                if !is_fresh {
                    self.memory.see(account);
                }
                Ok(proof)
            }
            Ok(Some(state)) => {
                self.memory.doubt(account);
                Err(BindError::State(state))
            }
            Err(MappingError::Directory(error)) => Err(BindError::Directory(error)),
            Err(_) => {
                self.memory.forget(account);
                Err(BindError::AnotherAccount)
            }
        }
    }

    /// Whether the entry is still the account, and what forbids it to sign in: for somebody who has
    /// proven elsewhere who she is. What was read a moment ago is not read again.
    pub async fn look_again(
        &self,
        account: &MappedAccount,
    ) -> Result<Option<AccountState>, MappingError> {
        if self.memory.was_seen_within(account, self.verify_after) {
            return Ok(account.state());
        }
        let Some(home) = self.homes.get(account.home()) else {
            return Err(MappingError::NoMatch);
        };
        let state = home.look_again(account).await;
        match &state {
            Ok(None) => self.memory.see(account),
            Ok(Some(_)) => self.memory.doubt(account),
            Err(MappingError::Directory(_)) => {}
            Err(_) => self.memory.forget(account),
        }
        state
    }

    /// Whether the account's directory lets people change their passwords here.
    pub fn changes_passwords(&self, account: &MappedAccount) -> bool {
        let home = self.homes.get(account.home());
        home.is_some_and(|home| home.directory.changes_passwords())
    }

    /// Changes the account's password from `old` to `new`.
    pub async fn change_password(
        &self,
        account: &MappedAccount,
        old: &Password,
        new: &Password,
    ) -> Result<(), ChangeError> {
        let home = self.homes.get(account.home()).ok_or(ChangeError::Off)?;
        let outcome = home.directory.change_password(account.dn(), old, new).await;
        // What was remembered of its state is not true any more.
        self.memory.forget(account);
        outcome
    }

    /// Does for a name that means nobody what [`Self::prove`] does for one that means somebody,
    /// in the directory that would be the one.
    pub async fn decoy(
        &self,
        name: &SignInName,
        password: &Password,
    ) -> Result<(), DirectoryError> {
        self.decoy_in(Directories::All, name, password).await
    }

    /// The same for a name that is asked for in these directories.
    pub async fn decoy_in(
        &self,
        directories: Directories<'_>,
        name: &SignInName,
        password: &Password,
    ) -> Result<(), DirectoryError> {
        let responsible = self.asked(directories, name).next();
        match responsible.map(|(_, home)| home).or(self.homes.first()) {
            Some(home) => home.directory.decoy_bind(password).await,
            None => Ok(()),
        }
    }

    /// Maps a text as [`Self::find`] does, past what is remembered, and tells each step.
    pub async fn trace(&self, text: &str) -> Trace {
        self.trace_to_account(Directories::All, text).await.0
    }

    /// The same as [`Self::find_in`] does, with the account where the name means one.
    pub async fn trace_to_account(
        &self,
        directories: Directories<'_>,
        text: &str,
    ) -> (Trace, Option<MappedAccount>) {
        let mut trace = Trace::default();
        let name = match SignInName::parse(text) {
            Ok(name) => name,
            Err(error) => {
                trace.refuse(format!("the text is no sign-in name: {error}"));
                return (trace, None);
            }
        };
        trace.pass(format!("the sign-in name is {}", name.key()));
        let (outcome, notes) = self.ask(directories, &name, true).await;
        for note in notes {
            trace.pass(note);
        }
        match &outcome {
            Ok(account) => match account.state() {
                None => trace.pass(format!("may sign in as {}", account.cloud_upn())),
                Some(state) => trace.refuse(format!(
                    "would be refused after the right password: {state:?}"
                )),
            },
            Err(error) => trace.refuse(error.to_string()),
        }
        (trace, outcome.ok())
    }

    /// The homes that are asked for a name.
    fn asked(
        &self,
        directories: Directories<'_>,
        name: &SignInName,
    ) -> impl Iterator<Item = (Place, &Home)> {
        let homes = self.homes.iter().enumerate();
        homes.filter_map(move |(index, home)| {
            let alone = match directories {
                Directories::All => false,
                Directories::Only(only) if only == home.name => true,
                Directories::Only(_) => return None,
            };
            let place = Place { home: index, alone };
            home.is_responsible_for(name).then_some((place, home))
        })
    }

    async fn ask(
        &self,
        directories: Directories<'_>,
        name: &SignInName,
        take_notes: bool,
    ) -> (Result<MappedAccount, MappingError>, Vec<String>) {
        let asked = self.asked(directories, name);
        let answers = join_all(asked.map(async |(place, home)| {
            let mut notes = Notes::new(take_notes.then_some(if self.homes.len() > 1 {
                format!("{}: ", home.name)
            } else {
                String::new()
            }));
            let answer = home.locate(place, name, &mut notes).await;
            (answer, notes)
        }))
        .await;
        let (answers, notes): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
        let notes = notes.into_iter().flat_map(Notes::into_iter).collect();
        (only_account(answers), notes)
    }
}

/// The one account among the answers of all directories. No answer may be missing, and an account
/// that has the name but may not sign in is one too many beside another.
fn only_account(
    mut answers: Vec<Result<MappedAccount, MappingError>>,
) -> Result<MappedAccount, MappingError> {
    let is_missing = |answer: &_| matches!(answer, Err(MappingError::Directory(_)));
    if let Some(missing) = answers.iter().position(is_missing) {
        return answers.swap_remove(missing);
    }
    answers.retain(|answer| *answer != Err(MappingError::NoMatch));
    let count = answers
        .iter()
        .map(|answer| match answer {
            Err(MappingError::Ambiguous { count }) => *count,
            _ => 1,
        })
        .sum();
    match answers.pop() {
        None => Err(MappingError::NoMatch),
        Some(_) if !answers.is_empty() => Err(MappingError::Ambiguous { count }),
        Some(only) => only,
    }
}

impl fmt::Debug for Realm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Realm")
            .field("homes", &self.homes)
            .finish_non_exhaustive()
    }
}
