//! A name becomes an authenticated, limited and patient HTTP client.
