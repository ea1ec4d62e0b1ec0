use std::time::Duration;

use ldap3::{
    Ldap, LdapError, Scope, SearchOptions,
    controls::{Control, ControlType, PagedResults},
};

use super::{
    Directory, DirectoryError, Entry, Filter, Step,
    connection::{Connection, Fault, isolated},
};

/// Entries in a page; Active Directory gives at most 1,000 (`MaxPageSize`).
const PAGE: i32 = 500;
/// The most that a page may take. Nobody waits for it to sign in.
const PAGE_DEADLINE: Duration = Duration::from_secs(60);

/// A page of entries, and how to ask for the next; or the result code and text of a refusal.
type Page = Result<(Vec<Entry>, Option<Vec<u8>>), (u32, String)>;

impl Directory {
    /// Reads every entry under the base that meets `filter` and the configured scope filter, page
    /// by page (RFC 2696), and hands each page to `each`. For the doctor: on a connection of its
    /// own, so that sign-ins of another process are all it can slow down.
    pub async fn scan(
        &self,
        filter: &Filter,
        attributes: &[&str],
        each: impl FnMut(Vec<Entry>),
    ) -> Result<(), DirectoryError> {
        let connection = self.dialer.dial_bound(None, self.dialer.budget()).await?;
        self.scan_on(&connection, filter, attributes, each).await
    }

    /// The same on this connection.
    pub(super) async fn scan_on(
        &self,
        connection: &Connection,
        filter: &Filter,
        attributes: &[&str],
        mut each: impl FnMut(Vec<Entry>),
    ) -> Result<(), DirectoryError> {
        let base = self.settings().base.as_str().to_owned();
        let filter = self.within_scope_filter(filter);
        let attributes: Vec<String> = attributes.iter().map(|&name| name.to_owned()).collect();
        let mut cookie = Some(Vec::new());
        while let Some(from) = cookie {
            let query = (base.clone(), filter.clone(), attributes.clone());
            let page = isolated(PAGE_DEADLINE, read_page(connection.ldap(), query, from)).await;
            let page = page.map_err(|fault| connection.failed(Step::Search, fault))?;
            let entries;
            (entries, cookie) =
                page.map_err(|(code, text)| connection.refused(Step::Search, code, &text))?;
            each(entries);
        }
        Ok(())
    }
}

async fn read_page(
    mut ldap: Ldap,
    (base, filter, attributes): (String, String, Vec<String>),
    cookie: Vec<u8>,
) -> Result<Page, LdapError> {
    let seconds = i32::try_from(PAGE_DEADLINE.as_secs()).unwrap_or(i32::MAX);
    ldap.with_search_options(SearchOptions::new().timelimit(seconds))
        .with_controls(PagedResults { size: PAGE, cookie });
    let mut stream = ldap
        .streaming_search(&base, Scope::Subtree, &filter, attributes)
        .await?;
    let mut entries = Vec::new();
    while let Some(item) = stream.next().await? {
        // Continuation references are not followed.
        if item.is_ref() || item.is_intermediate() {
            continue;
        }
        let Some(entry) = Entry::read(item.0) else {
            return Ok(Err((2, Fault::Malformed.to_string())));
        };
        entries.push(entry);
    }
    let result = stream.finish().await;
    if result.rc != 0 {
        return Ok(Err((result.rc, result.text)));
    }
    let next = result.ctrls.iter().find_map(|control| match control {
        Control(Some(ControlType::PagedResults), raw) => Some(raw.parse::<PagedResults>().cookie),
        Control(..) => None,
    });
    Ok(Ok((entries, next.filter(|cookie| !cookie.is_empty()))))
}
