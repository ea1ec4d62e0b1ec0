//! `[[directory]]`: its connection, and how names are mapped to accounts.

mod connection;
mod discovery;
mod mapping;

pub(in crate::config) use connection::Connection;

use std::{ops::Range, path::Path};

use toml::Spanned;

use crate::{directory::Dn, realm::FederatedDomain};

use super::super::{ConfigError, Directory, error::Source, file};

pub(super) fn build(
    directories: Vec<file::Directory>,
    domains: &[FederatedDomain],
    source: Source<'_>,
    folder: &Path,
) -> Result<Vec<Directory>, ConfigError> {
    let is_only = directories.len() == 1;
    let mut built: Vec<Directory> = Vec::new();
    for file in directories {
        let (name, span) = match &file.name {
            Some(name) => (name.as_ref().clone(), name.span()),
            None if is_only => ("directory".to_owned(), place(&file)),
            None => {
                let place = place(&file);
                return Err(source.invalid(place, "one of several directories needs a name"));
            }
        };
        if name.trim().is_empty() || built.iter().any(|other| other.name == name) {
            return Err(source.invalid(span, "each directory needs a name of its own"));
        }
        built.push(directory(name, &file, domains, source, folder)?);
    }
    if built.is_empty() {
        return Err(source.invalid(0..0, "there is no [[directory]]"));
    }
    Ok(built)
}

fn directory(
    name: String,
    file: &file::Directory,
    domains: &[FederatedDomain],
    source: Source<'_>,
    folder: &Path,
) -> Result<Directory, ConfigError> {
    let base = dn(&file.base, source)?;
    Ok(Directory {
        name,
        mapping: mapping::build(file, &base, domains, source)?,
        connection: connection::build(file, base, source, folder)?,
    })
}

/// Where it says which servers it has, for what is wrong with the table as a whole.
fn place(file: &file::Directory) -> Range<usize> {
    let servers = file.servers.as_ref().map(Spanned::span);
    let discover = file.discover.as_ref().map(Spanned::span);
    servers.or(discover).unwrap_or_else(|| file.base.span())
}

pub(in super::super) fn dn(text: &Spanned<String>, source: Source<'_>) -> Result<Dn, ConfigError> {
    text.as_ref().parse::<Dn>().map_err(|_| {
        source.invalid(
            text.span(),
            format!("{:?} is not a distinguished name", text.as_ref()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, realm};

    const ONE: &str = r#"
servers = ["ldaps://dc1.contoso.com"]
bind_dn = "CN=svc,DC=contoso,DC=com"
bind_password = { env = "SECRET" }
base = "DC=contoso,DC=com"
"#;

    fn read(directories: &str) -> Result<Vec<Directory>, String> {
        let text = format!(
            r#"base_url = "https://login.contoso.com"
[listen]
address = "127.0.0.1:0"
plain_http_behind_a_tls_proxy = true
trusted_proxies = ["127.0.0.1"]
[signing]
key = "k"
certificate = "c"
[[federated_domain]]
suffix = "partners.contoso.com"
issuer = "https://login.contoso.com/p"
[[relying_party]]
entity_id = "e"
preset = "entra"
assertion_consumer_services = ["https://sp.test/acs"]
{directories}"#
        );
        Config::parse(&text, "c.toml", Path::new(""))
            .map(|config| config.directories)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_directory_or_several_in_their_order() {
        for one in [format!("[directory]{ONE}"), format!("[[directory]]{ONE}")] {
            let directories = read(&one).unwrap();
            assert_eq!(directories.len(), 1);
            assert_eq!(directories[0].name, "directory");
            assert_eq!(directories[0].mapping.email_domains, None);
        }
        let table = |name: &str, more: &str| format!("[[directory]]\nname = {name:?}{ONE}{more}\n");
        let domains = "email_domains = [\"Fabrikam.com\"]\nown_domains = [\"contoso.com\"]";
        let directories = read(&(table("b", domains) + &table("a", ""))).unwrap();
        let order: Vec<_> = directories
            .iter()
            .map(|directory| &directory.name)
            .collect();
        assert_eq!(order, ["b", "a"]);
        let fabrikam = realm::DomainName::parse("fabrikam.com").unwrap();
        assert_eq!(directories[0].mapping.email_domains, Some(vec![fabrikam]));
        assert_eq!(directories[0].mapping.own_domains.len(), 1);

        for (wrong, expected) in [
            (
                table("a", "") + &table("a", ""),
                "c.toml:24: each directory needs a name",
            ),
            (table("", ""), "c.toml:17: each directory needs a name"),
            (
                format!("[[directory]]{ONE}[[directory]]{ONE}"),
                "of several directories needs a name",
            ),
            (String::new(), "missing field `directory`"),
            ("directory = []".to_owned(), ""),
            (table("a", "srevers = []"), "did you mean `servers`?"),
            (
                table("a", "email_domains = [\"fabrikam\"]"),
                "c.toml:22: \"fabrikam\"",
            ),
            (
                table("a", "refuse_groups = [\"Admins\"]"),
                "is not a distinguished name",
            ),
            (
                table("a", "attempt_milliseconds = 10"),
                "10 is not between 50 and 60000",
            ),
        ] {
            let error = read(&wrong).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
