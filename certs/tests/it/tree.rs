//! The tree against a naive one, written down as RFC 6962 defines it.

use std::collections::BTreeMap;

use certs::log::{
    Edge, EdgeFault, Hash, ProofFault, TILE_WIDTH, Tile, TileId, TreeUpdate, consistency_proof,
    consistency_tiles, inclusion_proof, inclusion_tiles, root, root_tiles, verify_consistency,
    verify_inclusion,
};
use proptest::prelude::*;

type Tiles = BTreeMap<TileId, Vec<Hash>>;

fn at(number: u64) -> usize {
    usize::try_from(number).expect("a small tree")
}

fn leaf(number: u64) -> Hash {
    Hash::leaf(&number.to_be_bytes())
}

fn leaves(numbers: std::ops::Range<u64>) -> Vec<Hash> {
    numbers.map(leaf).collect()
}

fn store(tiles: &mut Tiles, update: &TreeUpdate) {
    for Tile { id, hashes } in &update.tiles {
        if let Some(before) = tiles.insert(*id, hashes.clone()) {
            assert!(
                hashes.starts_with(&before),
                "a stored hash changed in {id:?}"
            );
        }
    }
}

/// A log grown in steps to each of the sizes.
fn grow(sizes: &[u64]) -> (Edge, Tiles) {
    let (mut edge, mut tiles) = (Edge::empty(), Tiles::new());
    for size in sizes {
        let update = edge.append(&leaves(edge.size()..*size));
        store(&mut tiles, &update);
    }
    (edge, tiles)
}

/// `MTH(D[n])` of RFC 6962 section 2.1.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            Hash::node(&naive_root(left), &naive_root(right))
        }
    }
}

/// `PATH(m, D[n])` of section 2.1.1.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    if index < middle {
        [naive_path(index, left), vec![naive_root(right)]].concat()
    } else {
        [naive_path(index - middle, right), vec![naive_root(left)]].concat()
    }
}

/// `SUBPROOF(m, D[n], b)` of section 2.1.2.
fn naive_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![naive_root(leaves)]
        };
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    if old <= middle {
        [naive_subproof(old, left, whole), vec![naive_root(right)]].concat()
    } else {
        [
            naive_subproof(old - middle, right, false),
            vec![naive_root(left)],
        ]
        .concat()
    }
}

fn split(count: usize) -> usize {
    let mut power = 1;
    while power * 2 < count {
        power *= 2;
    }
    power
}

#[test]
fn roots_are_those_of_the_reference_implementation() {
    // The inputs and roots of the Certificate Transparency reference tests.
    let inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    assert_eq!(
        Edge::empty().root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let mut edge = Edge::empty();
    for (input, root) in inputs.iter().zip(roots) {
        let entry = data_encoding::HEXLOWER
            .decode(input.as_bytes())
            .expect("hex");
        let update = edge.append(&[Hash::leaf(&entry)]);
        assert_eq!(update.root.to_string(), root);
    }
}

#[test]
fn every_proof_of_every_small_tree_is_the_naive_one_and_verifies() {
    let (_, tiles) = grow(&(1..=64).collect::<Vec<_>>());
    let all = leaves(0..64);
    for size in 0..=64_u64 {
        let tree = &all[..at(size)];
        let size_root = naive_root(tree);
        assert_eq!(root(&tiles, size).expect("stored"), size_root);
        for index in 0..size {
            let proof = inclusion_proof(&tiles, index, size).expect("stored");
            assert_eq!(proof, naive_path(at(index), tree), "leaf {index} of {size}");
            assert_eq!(
                verify_inclusion(&all[at(index)], index, size, &proof, &size_root),
                Ok(())
            );
        }
        for old in 1..=size {
            let proof = consistency_proof(&tiles, old, size).expect("stored");
            assert_eq!(
                proof,
                naive_subproof(at(old), tree, true),
                "{old} to {size}"
            );
            let old_root = naive_root(&tree[..at(old)]);
            assert_eq!(
                verify_consistency(old, &old_root, size, &size_root, &proof),
                Ok(())
            );
        }
        assert_eq!(
            verify_consistency(0, &Hash::empty(), size, &size_root, &[]),
            Ok(())
        );
    }
}

#[test]
fn appending_at_once_or_in_steps_gives_the_same_tree() {
    let (whole, tiles) = grow(&[70_000]);
    let (stepwise, stepped) = grow(&[
        1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 70_000,
    ]);
    assert_eq!(whole.root(), stepwise.root());
    assert_eq!(tiles, stepped);
    assert_eq!(whole.root(), naive_root(&leaves(0..70_000)));
    let widths: Vec<_> = tiles
        .iter()
        .filter(|(_, hashes)| hashes.len() < 256)
        .map(|(id, hashes)| (*id, hashes.len()))
        .collect();
    assert_eq!(
        widths,
        [
            (
                TileId {
                    level: 0,
                    index: 273
                },
                112
            ),
            (TileId { level: 1, index: 1 }, 17),
            (TileId { level: 2, index: 0 }, 1)
        ]
    );
    for (id, hashes) in &tiles {
        assert_eq!(usize::from(id.width(70_000)), hashes.len(), "{id:?}");
    }
}

#[test]
fn an_append_names_exactly_the_tiles_that_changed() {
    let (mut edge, _) = grow(&[300]);
    let touched = |update: &TreeUpdate| -> Vec<(u8, u64, usize)> {
        update
            .tiles
            .iter()
            .map(|tile| (tile.id.level, tile.id.index, tile.hashes.len()))
            .collect()
    };
    assert_eq!(touched(&edge.append(&[])), []);
    let update = edge.append(&leaves(300..301));
    assert_eq!((update.first_index, update.size), (300, 301));
    assert_eq!(touched(&update), [(0, 1, 45)]);
    assert_eq!(
        touched(&edge.append(&leaves(301..512))),
        [(0, 1, 256), (1, 0, 2)]
    );
    assert_eq!(
        touched(&edge.append(&leaves(512..1025))),
        [(0, 2, 256), (0, 3, 256), (0, 4, 1), (1, 0, 4)]
    );
}

#[test]
fn the_edge_is_rebuilt_from_stored_tiles_and_checks_them() {
    for size in [0, 1, 2, 255, 256, 257, 1000, 65_535, 65_536, 65_537] {
        let (edge, tiles) = grow(&[size]);
        let needed: Tiles = Edge::tiles(size)
            .into_iter()
            .map(|id| (id, tiles[&id].clone()))
            .collect();
        assert!(needed.len() <= 3);
        let mut loaded = Edge::load(&needed, size, &edge.root()).expect("whole");
        let mut grown = edge.clone();
        assert_eq!(
            loaded.append(&leaves(size..size + 600)),
            grown.append(&leaves(size..size + 600)),
            "from {size}"
        );

        let wrong = Edge::load(&needed, size, &leaf(9_999)).expect_err("another root");
        assert_eq!(
            wrong,
            EdgeFault::RootMismatch {
                computed: edge.root()
            }
        );
        for id in needed.keys() {
            let mut damaged = needed.clone();
            damaged.get_mut(id).expect("there")[0] = leaf(9_999);
            assert!(matches!(
                Edge::load(&damaged, size, &edge.root()),
                Err(EdgeFault::RootMismatch { .. })
            ));
            damaged.remove(id);
            assert!(matches!(
                Edge::load(&damaged, size, &edge.root()),
                Err(EdgeFault::Missing(_))
            ));
        }
    }
}

#[test]
fn proofs_read_only_the_tiles_they_announce() {
    let size = 70_000;
    let (edge, tiles) = grow(&[size]);
    let only = |ids: Vec<TileId>| -> Tiles {
        ids.into_iter().map(|id| (id, tiles[&id].clone())).collect()
    };
    assert_eq!(
        root(&only(root_tiles(size)), size).expect("announced"),
        edge.root()
    );
    for index in [0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
        let proof =
            inclusion_proof(&only(inclusion_tiles(index, size)), index, size).expect("announced");
        assert_eq!(
            verify_inclusion(&leaf(index), index, size, &proof, &edge.root()),
            Ok(())
        );
        let old = index + 1;
        let proof =
            consistency_proof(&only(consistency_tiles(old, size)), old, size).expect("announced");
        let old_root = root(&tiles, old).expect("stored");
        assert_eq!(
            verify_consistency(old, &old_root, size, &edge.root(), &proof),
            Ok(())
        );
    }
    assert!(inclusion_proof(&Tiles::new(), 5, size).is_err());
    assert_eq!(
        inclusion_proof(&tiles, size, size).expect("nothing to read"),
        []
    );
}

#[test]
fn an_altered_proof_proves_nothing() {
    let size = 300;
    let (edge, tiles) = grow(&[size]);
    let proof = inclusion_proof(&tiles, 77, size).expect("stored");
    let verify = |leaf: &Hash, index, size, proof: &[Hash]| {
        verify_inclusion(leaf, index, size, proof, &edge.root())
    };
    assert_eq!(verify(&leaf(77), 77, size, &proof), Ok(()));
    assert_eq!(verify(&leaf(78), 77, size, &proof), Err(ProofFault::Root));
    assert_eq!(verify(&leaf(77), 76, size, &proof), Err(ProofFault::Root));
    assert_eq!(
        verify(&leaf(77), size, size, &proof),
        Err(ProofFault::Range)
    );
    assert_eq!(
        verify(&leaf(77), 77, size, &proof[1..]),
        Err(ProofFault::Length)
    );
    assert_eq!(
        verify(
            &leaf(77),
            77,
            size,
            &[proof.as_slice(), &[leaf(1)]].concat()
        ),
        Err(ProofFault::Length)
    );
    for place in 0..proof.len() {
        let mut altered = proof.clone();
        altered[place] = leaf(0);
        assert_eq!(verify(&leaf(77), 77, size, &altered), Err(ProofFault::Root));
    }

    let old_root = root(&tiles, 200).expect("stored");
    let proof = consistency_proof(&tiles, 200, size).expect("stored");
    let verify =
        |old, new, proof: &[Hash]| verify_consistency(old, &old_root, new, &edge.root(), proof);
    assert_eq!(verify(200, size, &proof), Ok(()));
    assert!(verify(201, size, &proof).is_err());
    assert_eq!(verify(size + 1, size, &proof), Err(ProofFault::Range));
    assert_eq!(verify(200, size, &[]), Err(ProofFault::Length));
    assert_eq!(verify(size, size, &[]), Err(ProofFault::Root));
    for place in 0..proof.len() {
        let mut altered = proof.clone();
        altered[place] = leaf(0);
        assert_eq!(verify(200, size, &altered), Err(ProofFault::Root));
    }
    assert_eq!(
        verify_consistency(0, &old_root, size, &edge.root(), &[]),
        Err(ProofFault::Root)
    );
}

#[test]
fn tile_paths_are_those_of_tlog_tiles() {
    let path = |level, index, width| TileId { level, index }.path(width);
    assert_eq!(path(0, 0, TILE_WIDTH), "0/000");
    assert_eq!(path(1, 999, 5), "1/999.p/5");
    assert_eq!(path(0, 1_234_067, TILE_WIDTH), "0/x001/x234/067");
    assert_eq!(path(2, 1000, 255), "2/x001/000.p/255");
}

#[test]
fn a_tile_goes_into_a_row_and_comes_back() {
    let id = TileId { level: 0, index: 3 };
    let tile = Tile {
        id,
        hashes: leaves(0..200),
    };
    assert_eq!(Tile::from_bytes(id, &tile.to_bytes()), Some(tile.clone()));
    assert_eq!(Tile::from_bytes(id, &tile.to_bytes()[1..]), None);
    assert_eq!(Tile::from_bytes(id, &[]), None);
    assert_eq!(Tile::from_bytes(id, &[0; 257 * 32]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_two_sizes_are_consistent(mut sizes in proptest::collection::vec(1_u64..3_000, 2..6), pick in any::<prop::sample::Index>()) {
        sizes.sort_unstable();
        sizes.dedup();
        let (edge, tiles) = grow(&sizes);
        let size = edge.size();
        let all = leaves(0..size);
        prop_assert_eq!(edge.root(), naive_root(&all));
        for old in &sizes {
            let proof = consistency_proof(&tiles, *old, size).expect("stored");
            prop_assert_eq!(verify_consistency(*old, &naive_root(&all[..at(*old)]), size, &edge.root(), &proof), Ok(()));
        }
        let index = pick.index(all.len());
        let proof = inclusion_proof(&tiles, index as u64, size).expect("stored");
        prop_assert_eq!(&proof, &naive_path(index, &all));
        prop_assert_eq!(verify_inclusion(&all[index], index as u64, size, &proof, &edge.root()), Ok(()));
    }

    #[test]
    fn no_invented_proof_passes_or_panics(index in any::<u64>(), size in any::<u64>(), count in 0_usize..70) {
        let proof = vec![leaf(1); count];
        prop_assert!(verify_inclusion(&leaf(2), index, size, &proof, &leaf(3)).is_err());
        prop_assert!(verify_consistency(index, &leaf(2), size, &leaf(3), &proof).is_err());
    }
}
