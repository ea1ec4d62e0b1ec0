# What `homerealm sync rules` derives, for Entra Connect: run it there, as a member of ADSyncAdmins.
# The names of the connectors are those that Get-ADSyncConnector lists: the forest, and Entra.
[CmdletBinding()]
param(
    [Parameter(Mandatory)][string] $ForestConnector,
    [Parameter(Mandatory)][string] $EntraConnector
)
$ErrorActionPreference = 'Stop'
Import-Module ADSync

$forest = Get-ADSyncConnector -Name $ForestConnector
$entra = Get-ADSyncConnector -Name $EntraConnector
# The attribute has to be selected in the connector's properties first ('Select Attributes').
if (-not $entra.AttributeInclusionList.Contains('userType')) {
    throw 'Select userType among the attributes of the Entra connector first.'
}
$taken = Get-ADSyncRule | Where-Object { $_.Name -like 'Homerealm - *' }
if ($taken) {
    throw ('These rules are there already; remove them first: ' + ($taken.Name -join ', '))
}

# The ImmutableID was chosen when Entra Connect was installed; Homerealm is configured for this one.
$anchor = (Get-ADSyncGlobalSettings).Parameters |
    Where-Object Name -eq 'Microsoft.SynchronizationOption.AnchorAttribute'
if ($anchor.Value -ne 'mS-DS-ConsistencyGuid') {
    throw ('The source anchor is ' + $anchor.Value + ', not ' + 'mS-DS-ConsistencyGuid')
}

# No cycle may run while there are only some of the rules.
Set-ADSyncScheduler -SyncCycleEnabled $false

New-ADSyncRule `
    -Name 'Homerealm - Members by attribute' `
    -Identifier ([guid]::NewGuid()) `
    -Description 'Made by homerealm sync rules' `
    -Direction 'Inbound' `
    -Precedence 90 `
    -PrecedenceAfter '00000000-0000-0000-0000-000000000000' `
    -PrecedenceBefore '00000000-0000-0000-0000-000000000000' `
    -SourceObjectType 'user' `
    -TargetObjectType 'person' `
    -Connector $forest.Identifier.Guid `
    -LinkType 'Join' `
    -SoftDeleteExpiryInterval 0 `
    -ImmutableTag '' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('Member') `
    -Destination 'userType' `
    -FlowType 'Constant' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('userPrincipalName') `
    -Destination 'onPremisesUserPrincipalName' `
    -FlowType 'Direct' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
$conditions = @(
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'extensionAttribute1', 'Member', 'EQUAL'),
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'adminDescription', 'User_', 'NOTSTARTSWITH')
)
Add-ADSyncScopeConditionGroup `
    -SynchronizationRule $rule[0] `
    -ScopeConditions $conditions `
    -OutVariable rule | Out-Null
Add-ADSyncRule -SynchronizationRule $rule[0] | Out-Null

New-ADSyncRule `
    -Name 'Homerealm - Guests' `
    -Identifier ([guid]::NewGuid()) `
    -Description 'Made by homerealm sync rules' `
    -Direction 'Inbound' `
    -Precedence 91 `
    -PrecedenceAfter '00000000-0000-0000-0000-000000000000' `
    -PrecedenceBefore '00000000-0000-0000-0000-000000000000' `
    -SourceObjectType 'user' `
    -TargetObjectType 'person' `
    -Connector $forest.Identifier.Guid `
    -LinkType 'Join' `
    -SoftDeleteExpiryInterval 0 `
    -ImmutableTag '' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('Guest') `
    -Destination 'userType' `
    -FlowType 'Constant' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('mail') `
    -Destination 'onPremisesUserPrincipalName' `
    -FlowType 'Direct' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('userPrincipalName') `
    -Destination 'userPrincipalName' `
    -FlowType 'Direct' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
$conditions = @(
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'extensionAttribute1', 'Guest', 'EQUAL'),
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'adminDescription', 'User_', 'NOTSTARTSWITH')
)
Add-ADSyncScopeConditionGroup `
    -SynchronizationRule $rule[0] `
    -ScopeConditions $conditions `
    -OutVariable rule | Out-Null
$conditions = @(
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'userPrincipalName', '@partners.contoso.com', 'ENDSWITH'),
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'adminDescription', 'User_', 'NOTSTARTSWITH')
)
Add-ADSyncScopeConditionGroup `
    -SynchronizationRule $rule[0] `
    -ScopeConditions $conditions `
    -OutVariable rule | Out-Null
$conditions = @(
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'dn', ',OU=Bob''s Externals,DC=contoso,DC=com', 'CONTAINS'),
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'adminDescription', 'User_', 'NOTSTARTSWITH')
)
Add-ADSyncScopeConditionGroup `
    -SynchronizationRule $rule[0] `
    -ScopeConditions $conditions `
    -OutVariable rule | Out-Null
Add-ADSyncRule -SynchronizationRule $rule[0] | Out-Null

New-ADSyncRule `
    -Name 'Homerealm - Members' `
    -Identifier ([guid]::NewGuid()) `
    -Description 'Made by homerealm sync rules' `
    -Direction 'Inbound' `
    -Precedence 92 `
    -PrecedenceAfter '00000000-0000-0000-0000-000000000000' `
    -PrecedenceBefore '00000000-0000-0000-0000-000000000000' `
    -SourceObjectType 'user' `
    -TargetObjectType 'person' `
    -Connector $forest.Identifier.Guid `
    -LinkType 'Join' `
    -SoftDeleteExpiryInterval 0 `
    -ImmutableTag '' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('Member') `
    -Destination 'userType' `
    -FlowType 'Constant' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('userPrincipalName') `
    -Destination 'onPremisesUserPrincipalName' `
    -FlowType 'Direct' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
$conditions = @(
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'adminDescription', 'User_', 'NOTSTARTSWITH')
)
Add-ADSyncScopeConditionGroup `
    -SynchronizationRule $rule[0] `
    -ScopeConditions $conditions `
    -OutVariable rule | Out-Null
Add-ADSyncRule -SynchronizationRule $rule[0] | Out-Null

New-ADSyncRule `
    -Name 'Homerealm - To Entra' `
    -Identifier ([guid]::NewGuid()) `
    -Description 'Made by homerealm sync rules' `
    -Direction 'Outbound' `
    -Precedence 93 `
    -PrecedenceAfter '00000000-0000-0000-0000-000000000000' `
    -PrecedenceBefore '00000000-0000-0000-0000-000000000000' `
    -SourceObjectType 'person' `
    -TargetObjectType 'user' `
    -Connector $entra.Identifier.Guid `
    -LinkType 'Join' `
    -SoftDeleteExpiryInterval 0 `
    -ImmutableTag '' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('userType') `
    -Destination 'userType' `
    -FlowType 'Direct' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
Add-ADSyncAttributeFlowMapping `
    -SynchronizationRule $rule[0] `
    -Source @('onPremisesUserPrincipalName') `
    -Destination 'onPremisesUserPrincipalName' `
    -FlowType 'Direct' `
    -ValueMergeType 'Update' `
    -OutVariable rule | Out-Null
$conditions = @(
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'sourceObjectType', 'User', 'EQUAL'),
    (New-Object 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ScopeCondition' -ArgumentList 'cloudMastered', 'True', 'NOTEQUAL')
)
Add-ADSyncScopeConditionGroup `
    -SynchronizationRule $rule[0] `
    -ScopeConditions $conditions `
    -OutVariable rule | Out-Null
Add-ADSyncRule -SynchronizationRule $rule[0] | Out-Null

# Nothing has been written to Entra yet. Look at the preview of an account or two, then:
#   Set-ADSyncScheduler -SyncCycleEnabled $true
#   Start-ADSyncSyncCycle -PolicyType Initial
