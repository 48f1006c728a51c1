"""Sign-in by OpenID Connect: code flow with PKCE, state and nonce (docs/security/login.md).

party: for whom we ask; wire: one bounded exchange; provider: its addresses and keys; token: what it signed;
handover: there and back; entering: the login that follows; directory: accounts and roles of staff.
"""
