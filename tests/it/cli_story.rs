//! cli_story
