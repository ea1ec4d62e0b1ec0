//! TOML into typed, validated settings.
