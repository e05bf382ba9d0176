//! Makes `console/dist` exist, so that the server compiles before (and without) the console being built by Node, and
//! has a release build notice when the console was built anew: its files are then part of the binary.

use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = fs::create_dir_all("console/dist") {
        // A read-only source tree is fine: the embedding allows the folder to be missing.
        println!("cargo::warning=console/dist cannot be created: {error}");
        return;
    }
    // A debug build reads the files from disk whenever they are asked for, so only a release build depends on them.
    if env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed=console/dist");
    }
}
