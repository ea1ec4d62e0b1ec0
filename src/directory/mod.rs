//! Accounts in LDAP: lookup, bind, and the embedded demo directory.
