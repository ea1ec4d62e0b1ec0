//! Upstream identity providers: whether each can be asked, and whose addresses it may then assert.

use std::fmt::Write as _;

use time::OffsetDateTime;

use crate::{
    config::{Config, UpstreamFile},
    keys::KeyRing,
    metadata::Keeper,
    saml2::format_timestamp,
    upstream::{
        Ask, SpeaksFor, Upstream, UpstreamProtocol,
        saml2::{Partner, Saml2},
    },
};

use super::Finding;

const NAME: &str = "upstream";

/// Has each make a question that nobody takes anywhere: what that needs is then there.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    // Why there is none stands under its own name.
    let Ok(keys) = config.signing.key_ring() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for file in &config.upstreams {
        findings.push(look(config, file, &keys).await);
    }
    findings
}

async fn look(config: &Config, file: &UpstreamFile, keys: &KeyRing) -> Finding {
    let name = &file.terms.name;
    let loaded = file.load().and_then(|upstream| {
        let keepers = config.upstream_keepers([&upstream], true)?;
        Ok((upstream, keepers))
    });
    let (upstream, keepers) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            return Finding::fail(
                NAME,
                format!("{name}: {error}"),
                "see that each file that its table names is there and readable",
            );
        }
    };
    let mut validity = String::new();
    for mut keeper in keepers {
        match keeper.refresh(&()).await {
            Ok(_) => validity = described(&keeper),
            Err(problem) => {
                return Finding::fail(
                    NAME,
                    format!("{name}: {}: {problem}", keeper.source().origin),
                    "see that its metadata is there, signed by the certificate that is configured, \
                     and about its entity_id; nobody is sent there until it is",
                );
            }
        }
    }
    let ask = Ask {
        login_hint: None,
        fresh: false,
        several_factors: false,
        handle: "check",
        now: OffsetDateTime::now_utc(),
    };
    match upstream.ask(&ask, keys).await {
        Ok(leaving) => {
            let address = leaving.address.split('?').next().unwrap_or_default();
            let found = format!(
                "{name}: asked at {address}{validity}; {}",
                speaks_for(&upstream)
            );
            judged(&upstream, found)
        }
        Err(problem) => Finding::fail(
            NAME,
            format!("{name}: {problem}"),
            "see that it can be reached from here, and says of itself what is configured",
        ),
    }
}

fn judged(upstream: &Upstream, found: String) -> Finding {
    let UpstreamProtocol::Saml2(saml2) = &upstream.protocol else {
        return Finding::ok(NAME, found);
    };
    if upstream.terms.trusted_for_mfa && cannot_say_several(saml2) {
        return Finding::warn(
            NAME,
            format!("{found}; it is trusted for several factors, and has no word for them"),
            "say in its several_factors what it calls them, or leave out trusted_for_mfa",
        );
    }
    Finding::ok(NAME, found)
}

fn cannot_say_several(saml2: &Saml2) -> bool {
    saml2.settings().several_factors.is_empty()
}

fn described(keeper: &Keeper<Partner>) -> String {
    let Some(metadata) = keeper.current() else {
        return String::new();
    };
    let mut said = format!(", its answers verified by {} keys", metadata.signing.len());
    if metadata.unusable_keys > 0 {
        let count = metadata.unusable_keys;
        let _ = write!(said, ", {count} passed over that are no RSA of 2048 bits");
    }
    if let Some(until) = metadata.validity.until {
        let until = format_timestamp(until);
        let _ = write!(said, ", its metadata valid until {until}");
    }
    said
}

fn speaks_for(upstream: &Upstream) -> String {
    let SpeaksFor { domains, addresses } = &upstream.terms.speaks_for;
    let mut domains: Vec<String> = domains.iter().map(ToString::to_string).collect();
    if !addresses.is_empty() {
        domains.push(format!("{} single addresses", addresses.len()));
    }
    format!("it may speak for {}", domains.join(", "))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use super::*;
    use crate::{
        check::Verdict,
        keys::create_signing_key,
        saml2::{Endpoints, identity_provider_metadata},
    };

    const EXAMPLE: &str = include_str!("../../config/homerealm.toml");

    /// The example with its key in a folder, and with this behind it.
    fn config(folder: &Path, table: &str) -> Config {
        let made = create_signing_key("ours", 1).unwrap();
        let key = folder.join("signing.key");
        fs::write(&key, &made.private_key_pem).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let certificate = made.signer.certificate().to_pem();
        fs::write(folder.join("signing.crt"), certificate).unwrap();
        let example = EXAMPLE.replace("/etc/homerealm/certs/", "");
        let text = format!(
            "{example}\n[[upstream]]\nname = \"fabrikam\"\nemail_domains = [\"fabrikam.com\"]\n\
             addresses = [\"tom@gmail.com\"]\n{table}\n"
        );
        let mut config = Config::parse(&text, "homerealm.toml", folder).unwrap();
        config.signing.key = key;
        config.signing.certificate = folder.join("signing.crt");
        config
    }

    #[tokio::test]
    async fn an_upstream_by_metadata_is_good_when_that_is() {
        const TABLE: &str = "trusted_for_mfa = true\n[upstream.saml2]\n\
            entity_id = \"https://idp.test\"\nmetadata = { file = \"idp.xml\" }";
        let folder = tempfile::tempdir().unwrap();
        let config_of = |more: &str| config(folder.path(), &format!("{TABLE}\n{more}"));
        let findings = check(&config_of("")).await;
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].verdict, Verdict::Fail);
        assert!(findings[0].found.contains("idp.xml cannot be read"));

        let signer = create_signing_key("Fabrikam", 1).unwrap().signer;
        let endpoints = Endpoints {
            entity_id: "https://idp.test",
            single_sign_on: "https://idp.test/sso?a=b",
            single_logout: "https://idp.test/slo",
            name_id_formats: &[],
        };
        let ring = KeyRing::new(signer, None);
        let document = identity_provider_metadata(&endpoints, &ring).unwrap();
        fs::write(folder.path().join("idp.xml"), document).unwrap();
        let findings = check(&config_of("")).await;
        assert_eq!(findings[0].verdict, Verdict::Ok, "{findings:?}");
        assert_eq!(
            findings[0].found,
            "fabrikam: asked at https://idp.test/sso, its answers verified by 1 keys; it may speak \
             for fabrikam.com, 1 single addresses"
        );
        let findings = check(&config_of("several_factors = []")).await;
        assert_eq!(findings[0].verdict, Verdict::Warn, "{findings:?}");
    }

    #[tokio::test]
    async fn an_upstream_by_certificates_needs_them() {
        const TABLE: &str = "[upstream.saml2]\nentity_id = \"https://idp.test\"\n\
            single_sign_on_service = \"https://idp.test/sso\"\ncertificates = \"signing.crt\"";
        let folder = tempfile::tempdir().unwrap();
        let findings = check(&config(folder.path(), TABLE)).await;
        assert_eq!(findings[0].verdict, Verdict::Ok, "{findings:?}");
        let missing = TABLE.replace("signing.crt", "missing.crt");
        let findings = check(&config(folder.path(), &missing)).await;
        assert_eq!(findings[0].verdict, Verdict::Fail);
        assert!(findings[0].found.contains("missing.crt"), "{findings:?}");
    }
}
