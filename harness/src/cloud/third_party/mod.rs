//! A third party described by data.
