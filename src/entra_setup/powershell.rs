use std::fmt::Write as _;

use serde_json::Value;

use crate::microsoft_graph::Cloud;

use super::Wanted;

/// Graph's properties and the parameters of `New-MgDomainFederationConfiguration`, in the order in which
/// they are written.
const PARAMETERS: [(&str, &str); 13] = [
    ("displayName", "DisplayName"),
    ("issuerUri", "IssuerUri"),
    (
        "preferredAuthenticationProtocol",
        "PreferredAuthenticationProtocol",
    ),
    ("passiveSignInUri", "PassiveSignInUri"),
    ("signOutUri", "SignOutUri"),
    ("activeSignInUri", "ActiveSignInUri"),
    ("metadataExchangeUri", "MetadataExchangeUri"),
    ("signingCertificate", "SigningCertificate"),
    ("nextSigningCertificate", "NextSigningCertificate"),
    ("federatedIdpMfaBehavior", "FederatedIdpMfaBehavior"),
    ("promptLoginBehavior", "PromptLoginBehavior"),
    (
        "isSignedAuthenticationRequestRequired",
        "IsSignedAuthenticationRequestRequired",
    ),
    ("passwordResetUri", "PasswordResetUri"),
];

/// A script that federates these domains with the Microsoft Graph PowerShell SDK. It looks at each
/// domain first, and stops before anything that Entra would refuse.
pub fn script(cloud: Cloud, all: &[Wanted]) -> String {
    let mut text = format!(
        "#Requires -Modules Microsoft.Graph.Authentication, \
         Microsoft.Graph.Identity.DirectoryManagement\n\
         Set-StrictMode -Version Latest\n\
         $ErrorActionPreference = 'Stop'\n\
         Connect-MgGraph -Environment {} -NoWelcome `\n    \
         -Scopes 'Domain.Read.All', 'Domain-InternalFederation.ReadWrite.All'\n",
        quoted(cloud.powershell_environment())
    );
    for wanted in all {
        // Writing to a String cannot fail.
        let _ = write(&mut text, wanted);
    }
    text
}

fn write(text: &mut String, wanted: &Wanted) -> std::fmt::Result {
    let name = quoted(&wanted.domain);
    write!(
        text,
        "\n$domain = Get-MgDomain -DomainId {name}\n\
         if (-not $domain.IsVerified) {{ throw {} }}\n\
         if ($domain.IsDefault) {{ throw {} }}\n\
         if (-not $domain.IsRoot) {{ throw {} }}\n\
         if ($domain.AuthenticationType -eq 'Federated') {{ throw {} }}\n\
         $federation = @{{\n    DomainId = {name}\n",
        quoted(&format!("{} is not verified.", wanted.domain)),
        quoted(&format!("{} is the default domain.", wanted.domain)),
        quoted(&format!("{} is not promoted.", wanted.domain)),
        quoted(&format!("{} is federated already.", wanted.domain)),
    )?;
    let properties = serde_json::to_value(&wanted.configuration).unwrap_or_default();
    for (property, parameter) in PARAMETERS {
        match properties.get(property) {
            Some(Value::String(value)) => writeln!(text, "    {parameter} = {}", quoted(value))?,
            Some(Value::Bool(value)) => writeln!(text, "    {parameter} = ${value}")?,
            _ => {}
        }
    }
    writeln!(text, "}}\nNew-MgDomainFederationConfiguration @federation")
}

/// A text in which nothing is expanded. PowerShell takes typographic quotation marks for its own, so
/// that they are doubled, too.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_quotation_marks() {
        assert_eq!(quoted("it's $x `n \"y\""), "'it''s $x `n \"y\"'");
        assert_eq!(
            quoted("a\u{2019}; Remove-Item"),
            "'a\u{2019}\u{2019}; Remove-Item'"
        );
    }
}
