#Requires -Modules Microsoft.Graph.Authentication, Microsoft.Graph.Identity.DirectoryManagement
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Connect-MgGraph -Environment 'USGov' -NoWelcome `
    -Scopes 'Domain.Read.All', 'Domain-InternalFederation.ReadWrite.All'

$domain = Get-MgDomain -DomainId 'partners.contoso.com'
if (-not $domain.IsVerified) { throw 'partners.contoso.com is not verified.' }
if ($domain.IsDefault) { throw 'partners.contoso.com is the default domain.' }
if (-not $domain.IsRoot) { throw 'partners.contoso.com is not promoted.' }
if ($domain.AuthenticationType -eq 'Federated') { throw 'partners.contoso.com is federated already.' }
$federation = @{
    DomainId = 'partners.contoso.com'
    DisplayName = 'Contoso''s ‘‘partners’’'
    IssuerUri = 'https://login.contoso.com/partners'
    PreferredAuthenticationProtocol = 'wsFed'
    PassiveSignInUri = 'https://login.contoso.com/adfs/ls/'
    SignOutUri = 'https://login.contoso.com/adfs/ls/?wa=wsignout1.0'
    ActiveSignInUri = 'https://login.contoso.com/adfs/services/trust/2005/usernamemixed'
    MetadataExchangeUri = 'https://login.contoso.com/adfs/services/trust/mex'
    SigningCertificate = 'MIIC+a/b=='
    NextSigningCertificate = 'MIIC+c/d=='
    FederatedIdpMfaBehavior = 'rejectMfaByFederatedIdp'
    PromptLoginBehavior = 'translateToFreshPasswordAuthentication'
    IsSignedAuthenticationRequestRequired = $false
}
New-MgDomainFederationConfiguration @federation
