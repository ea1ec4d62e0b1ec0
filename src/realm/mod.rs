//! Home-realm discovery: a sign-in name to exactly one account.
