//! Makes the folders of the built console and web player exist, so that the server compiles before (and without) Node having
//! built them, and has a release build notice when they were built anew: their files are then part of the binary.

use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for folder in ["console/dist", "../player/web/dist"] {
        if let Err(error) = fs::create_dir_all(folder) {
            // A read-only source tree is fine: the embedding allows the folder to be missing.
            println!("cargo::warning={folder} cannot be created: {error}");
            continue;
        }
        // A debug build reads the files from disk whenever they are asked for, so only a release build depends on them.
        if env::var("PROFILE").as_deref() == Ok("release") {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
}
