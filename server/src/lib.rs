//! The Xuanping server: scheduler, console, player API and play log in one binary.
//!
//! A folder holds a domain's types, SQL, HTTP and tests: accounts → screens, content → campaigns → playlists → plays →
//! supervision, where later may call earlier. The shared rooms are few: `db`, `clock`, `entropy`, `blobs`, `jobs`,
//! `signing`, `http`, `config`, `workers`.

pub mod accounts;
pub mod app;
pub mod blobs;
pub mod campaigns;
pub mod clock;
pub mod config;
pub mod console_files;
pub mod content;
#[cfg(test)]
mod county;
pub mod db;
pub mod demo;
pub mod entropy;
pub mod http;
pub mod import;
pub mod jobs;
pub mod playlists;
pub mod plays;
pub mod screens;
pub mod signing;
pub mod supervision;
pub mod web_files;
mod workers;
