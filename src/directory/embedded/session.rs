use std::sync::Arc;

use ldap3_proto::{
    LdapMsg, LdapPartialAttribute, LdapResultCode, LdapSearchResultEntry,
    proto::{LdapBindResponse, LdapExtendedResponse, LdapOp, LdapResult},
};

use super::{
    super::{AccountState, Dn, Entry},
    Account, Contents,
    codec::{Condition, Operation, Request, Search, SimpleBind},
    index::Index,
    matching::evaluate,
};

/// What an AD domain controller says to a bind that it does not accept (with the sub-code).
fn bind_refusal(data: &str) -> String {
    format!(
        "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"
    )
}

const NOT_BOUND: &str = "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this \
    operation a successful bind must be completed on the connection., data 0, v1db1";

/// Everything that can be found: the contents, and entries for the base and the units, so that
/// they can be read as search bases.
pub(super) struct Tree {
    contents: Contents,
    containers: Vec<Entry>,
    index: Index,
}

impl Tree {
    pub(super) fn new(contents: Contents) -> Self {
        let containers = containers(&contents);
        let accounts = contents.accounts.iter().map(|account| &account.entry);
        let index = Index::new(containers.iter().chain(accounts));
        Self {
            contents,
            containers,
            index,
        }
    }

    /// How many entries there are: containers first, then accounts.
    fn len(&self) -> usize {
        self.containers.len() + self.contents.accounts.len()
    }

    fn entry(&self, at: usize) -> Option<&Entry> {
        self.containers
            .get(at)
            .or_else(|| self.account(at).map(|account| &account.entry))
    }

    fn account(&self, at: usize) -> Option<&Account> {
        let at = at.checked_sub(self.containers.len())?;
        self.contents.accounts.get(at)
    }

    /// The places of the entries that may meet a condition.
    fn candidates(&self, condition: &Condition) -> Box<dyn Iterator<Item = usize> + '_> {
        match self.index.candidates(condition) {
            Some(some) => Box::new(some.into_iter()),
            None => Box::new(0..self.len()),
        }
    }

    /// The place of the entry of this name.
    fn named(&self, dn: &Dn) -> Option<usize> {
        let is_named = |entry: &Entry| entry.dn().parse::<Dn>().is_ok_and(|name| name == *dn);
        self.index
            .named(dn)
            .find(|&at| self.entry(at).is_some_and(is_named))
    }
}

/// One connection's state: who is bound.
pub(super) struct Session {
    tree: Arc<Tree>,
    bound: Option<String>,
}

impl Session {
    pub(super) fn new(tree: Arc<Tree>) -> Self {
        Self { tree, bound: None }
    }

    /// The answers to a request; `None` ends the connection.
    pub(super) fn answer(&mut self, request: Request) -> Option<Vec<LdapMsg>> {
        let operations = match request.operation {
            Operation::Bind(bind) => vec![bind_response(self.bind(&bind))],
            Operation::SaslBind => {
                self.bound = None;
                vec![bind_response(result(
                    LdapResultCode::AuthMethodNotSupported,
                    "only simple binds are done here",
                ))]
            }
            Operation::Search(search) => self.search(&search),
            Operation::WhoAmI => {
                let who = self
                    .bound
                    .as_ref()
                    .map(|dn| format!("dn:{dn}"))
                    .unwrap_or_default();
                vec![LdapOp::ExtendedResponse(LdapExtendedResponse {
                    res: success(),
                    name: None,
                    value: Some(who.into_bytes()),
                })]
            }
            Operation::Abandon => vec![],
            Operation::Unbind => return None,
            Operation::Other(operation) => vec![refuse(&operation)?],
        };
        Some(
            operations
                .into_iter()
                .map(|operation| LdapMsg::new(request.id, operation))
                .collect(),
        )
    }

    fn bind(&mut self, bind: &SimpleBind) -> LdapResult {
        // Whoever was bound no longer is, whatever comes of this (RFC 4511 4.2.1).
        self.bound = None;
        match (bind.name.as_str(), bind.password.as_str()) {
            ("", "") => return success(),
            (_, "") => {
                let text = "unauthenticated binds are refused (RFC 4513 5.1.2)";
                return result(LdapResultCode::UnwillingToPerform, text);
            }
            _ => {}
        }
        let Some((dn, password, state)) = self.identity(&bind.name) else {
            return result(LdapResultCode::InvalidCredentials, &bind_refusal("52e"));
        };
        if password != bind.password.as_str() {
            return result(LdapResultCode::InvalidCredentials, &bind_refusal("52e"));
        }
        if let Some(state) = state {
            return result(
                LdapResultCode::InvalidCredentials,
                &bind_refusal(sub_code(state)),
            );
        }
        self.bound = Some(dn);
        success()
    }

    /// The account that a bind name means: a DN, or a UPN as Active Directory also takes it.
    fn identity(&self, name: &str) -> Option<(String, &str, Option<AccountState>)> {
        let contents = &self.tree.contents;
        let dn = name.parse::<Dn>().ok();
        if dn.as_ref() == Some(&contents.service_dn) {
            return Some((name.to_owned(), contents.service_password.expose(), None));
        }
        let has_upn = |account: &&Account| {
            let mut upns = account.entry.values("userPrincipalName");
            upns.any(|upn| upn.eq_ignore_ascii_case(name))
        };
        let account = if let Some(dn) = dn {
            self.tree.named(&dn).and_then(|at| self.tree.account(at))
        } else {
            let by_upn = Condition::Equal("userPrincipalName".to_owned(), name.as_bytes().to_vec());
            self.tree
                .candidates(&by_upn)
                .filter_map(|at| self.tree.account(at))
                .find(has_upn)
        }?;
        Some((
            account.entry.dn().to_owned(),
            account.password.expose(),
            account.state,
        ))
    }

    fn search(&self, search: &Search) -> Vec<LdapOp> {
        let done = |outcome| vec![LdapOp::SearchResultDone(outcome)];
        if search.has_critical_control {
            return done(result(LdapResultCode::UnavailableCriticalExtension, ""));
        }
        if search.base.is_empty() && search.scope == 0 {
            return vec![self.root(), LdapOp::SearchResultDone(success())];
        }
        if self.bound.is_none() {
            return done(result(LdapResultCode::OperationsError, NOT_BOUND));
        }
        let Ok(base) = search.base.parse::<Dn>() else {
            return done(result(LdapResultCode::InvalidDNSyntax, ""));
        };
        let in_scope = |entry: &&Entry| {
            entry.dn().parse::<Dn>().is_ok_and(|dn| match search.scope {
                0 => dn == base,
                1 => dn.is_within(&base) && dn.depth() == base.depth() + 1,
                _ => dn.is_within(&base),
            })
        };
        if self.tree.named(&base).is_none() {
            return done(result(
                LdapResultCode::NoSuchObject,
                "0000208D: NameErr: NO_OBJECT",
            ));
        }
        let limit = if search.size_limit == 0 {
            1000
        } else {
            search.size_limit.min(1000)
        };
        let mut found = self
            .tree
            .candidates(&search.condition)
            .filter_map(|at| self.tree.entry(at))
            .filter(|entry| evaluate(&search.condition, entry) == Some(true))
            .filter(in_scope);
        let mut answers: Vec<LdapOp> = found
            .by_ref()
            .take(limit)
            .map(|entry| LdapOp::SearchResultEntry(select(entry, &search.attributes)))
            .collect();
        let outcome = match found.next() {
            None => success(),
            Some(_) => result(LdapResultCode::SizeLimitExceeded, ""),
        };
        answers.push(LdapOp::SearchResultDone(outcome));
        answers
    }

    /// The root DSE (RFC 4512 5.1), which may be read by anybody.
    fn root(&self) -> LdapOp {
        let base = self.tree.contents.base.as_str();
        let attribute = |name: &str, value: &str| LdapPartialAttribute {
            atype: name.to_owned(),
            vals: vec![value.as_bytes().to_vec()],
        };
        LdapOp::SearchResultEntry(LdapSearchResultEntry {
            dn: String::new(),
            attributes: vec![
                attribute("defaultNamingContext", base),
                attribute("namingContexts", base),
                attribute("supportedLDAPVersion", "3"),
            ],
        })
    }
}

fn containers(contents: &Contents) -> Vec<Entry> {
    let entry = |dn: &Dn, class: &str| {
        let classes = vec![b"top".to_vec(), class.as_bytes().to_vec()];
        Entry::new(dn.as_str(), vec![("objectClass".to_owned(), classes)])
    };
    let units = contents
        .units
        .iter()
        .map(|dn| entry(dn, "organizationalUnit"));
    std::iter::once(entry(&contents.base, "domainDNS"))
        .chain(units)
        .collect()
}

fn sub_code(state: AccountState) -> &'static str {
    match state {
        AccountState::LogonHours => "530",
        AccountState::Workstation => "531",
        AccountState::PasswordExpired => "532",
        AccountState::Disabled => "533",
        AccountState::AccountExpired => "701",
        AccountState::MustChangePassword => "773",
        AccountState::LockedOut => "775",
    }
}

fn select(entry: &Entry, wanted: &[String]) -> LdapSearchResultEntry {
    // "*" or nothing is everything, "1.1" is nothing (RFC 4511 4.5.1.8).
    let all = wanted.is_empty() || wanted.iter().any(|name| name == "*");
    let attributes = entry
        .attributes()
        .filter(|(name, _)| {
            all || wanted
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(name))
        })
        .map(|(name, values)| LdapPartialAttribute {
            atype: name.to_owned(),
            vals: values.to_vec(),
        })
        .collect();
    LdapSearchResultEntry {
        dn: entry.dn().to_owned(),
        attributes,
    }
}

/// The answer to an operation that is not done here; `None` where none is due.
fn refuse(operation: &LdapOp) -> Option<LdapOp> {
    let refusal = result(
        LdapResultCode::UnwillingToPerform,
        "not done by the demo directory",
    );
    Some(match operation {
        LdapOp::ModifyRequest(_) => LdapOp::ModifyResponse(refusal),
        LdapOp::AddRequest(_) => LdapOp::AddResponse(refusal),
        LdapOp::DelRequest(_) => LdapOp::DelResponse(refusal),
        LdapOp::ModifyDNRequest(_) => LdapOp::ModifyDNResponse(refusal),
        LdapOp::CompareRequest(_) => LdapOp::CompareResult(refusal),
        LdapOp::ExtendedRequest(_) => LdapOp::ExtendedResponse(LdapExtendedResponse {
            res: refusal,
            name: None,
            value: None,
        }),
        _ => return None,
    })
}

fn bind_response(outcome: LdapResult) -> LdapOp {
    LdapOp::BindResponse(LdapBindResponse {
        res: outcome,
        saslcreds: None,
    })
}

fn success() -> LdapResult {
    result(LdapResultCode::Success, "")
}

fn result(code: LdapResultCode, message: &str) -> LdapResult {
    LdapResult {
        code,
        matcheddn: String::new(),
        message: message.to_owned(),
        referral: vec![],
    }
}
