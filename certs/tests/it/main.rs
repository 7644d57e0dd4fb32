//! The promises of `docs/formats.md`, seen from outside.

mod arrange;
mod badge;
mod bundle;
mod certificate;
mod checkpoint;
mod corpus;
mod entries;
mod former_witnesses;
mod hostile;
mod keys;
mod pictures;
mod proof_file;
mod qr;
mod replayed;
mod sd_jwt;
mod status;
mod tree;
mod trust_list;
mod vectors;
mod verdict;
mod witness;
