// Checks a public log with Go's sumdb packages: its newest checkpoint as a signed note, the tree by its tiles, and the proof
// of an entry.
//
//	go run . URL VERIFIER-KEY PROOF-FILE
package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var client = &http.Client{Transport: &http.Transport{Proxy: nil}}

func fetch(path string) ([]byte, error) {
	answer, err := client.Get(os.Args[1] + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// tiles reads the tiles of C2SP tlog-tiles, whose paths have no height in them.
type tiles struct{}

func (tiles) Height() int                           { return 8 }
func (tiles) SaveTiles(tiles []tlog.Tile, _ [][]byte) {}
func (tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		// tile/8/L/N[.p/W]
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := fetch(path)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// open gives the tree of a note that the log has signed.
func open(text string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	var name, root string
	var size int64
	if _, err := fmt.Sscanf(signed.Text, "%s\n%d\n%s\n", &name, &size, &root); err != nil {
		return tlog.Tree{}, err
	}
	if name != verifier.Name() {
		return tlog.Tree{}, errors.New("another log")
	}
	hash, err := tlog.ParseHash(root)
	return tlog.Tree{N: size, Hash: hash}, err
}

func entries(number, width int64) ([][]byte, error) {
	path := strings.Replace(tlog.Tile{H: 8, L: -1, N: number, W: int(width)}.Path(), "tile/8/data/", "tile/entries/", 1)
	data, err := fetch(path)
	if err != nil {
		return nil, err
	}
	var found [][]byte
	for len(data) >= 2 {
		length := int(data[0])<<8 | int(data[1])
		if len(data) < 2+length {
			return nil, errors.New("a bundle ends within an entry")
		}
		found = append(found, data[2:2+length])
		data = data[2+length:]
	}
	if len(data) != 0 || int64(len(found)) != width {
		return nil, errors.New("a bundle of another length")
	}
	return found, nil
}

func checkProof(text string) (int64, error) {
	head, signed, ok := strings.Cut(text, "\n\n")
	if !ok {
		return 0, errors.New("no checkpoint in the proof")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return 0, errors.New("no proof")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return 0, err
	}
	var index int64
	if _, err := fmt.Sscanf(lines[2], "index %d", &index); err != nil {
		return 0, err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return 0, err
		}
		proof = append(proof, hash)
	}
	tree, err := open(signed)
	if err != nil {
		return 0, err
	}
	return index, tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func run() error {
	text, err := fetch("checkpoint")
	if err != nil {
		return err
	}
	tree, err := open(string(text))
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, tiles{})
	accepted, refused := 1, 0
	for first := int64(0); first < tree.N; first += 256 {
		width := tree.N - first
		if width > 256 {
			width = 256
		}
		bundle, err := entries(first/256, width)
		if err != nil {
			return err
		}
		for at, entry := range bundle {
			proof, err := tlog.ProveRecord(tree.N, first+int64(at), hashes)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, first+int64(at), tlog.RecordHash(entry)); err != nil {
				return err
			}
			accepted++
			altered := append([]byte{1}, entry...)
			if tlog.CheckRecord(proof, tree.N, tree.Hash, first+int64(at), tlog.RecordHash(altered)) == nil {
				return errors.New("an altered entry is accepted")
			}
			refused++
		}
	}
	half := tree.N/2 + 1
	old, err := tlog.TreeHash(half, hashes)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, half, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, half, old); err != nil {
		return err
	}
	file, err := os.ReadFile(os.Args[3])
	if err != nil {
		return err
	}
	if _, err := checkProof(string(file)); err != nil {
		return err
	}
	accepted += 2
	if _, err := checkProof(strings.Replace(string(file), "index ", "index 1", 1)); err == nil {
		return errors.New("a proof for another index is accepted")
	}
	if _, err := open(strings.Replace(string(text), fmt.Sprintf("\n%d\n", tree.N), fmt.Sprintf("\n%d\n", tree.N+1), 1)); err == nil {
		return errors.New("a checkpoint of another size is accepted")
	}
	refused += 2
	fmt.Printf("ok  golang.org/x/mod/sumdb: accepted %d, refused %d\n", accepted, refused)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Println("FAILED  golang.org/x/mod/sumdb:", err)
		os.Exit(1)
	}
}
