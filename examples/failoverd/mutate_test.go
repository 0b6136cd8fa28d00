package main

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where the fields of a DHCPv4 message are (RFC 2131, section 2).
const (
	atHLen    = 2
	atXID     = 4
	atCIAddr  = 12
	atGIAddr  = 24
	atCHAddr  = 28
	atSName   = 44
	atCookie  = 236
	atOptions = 240
)

// recorded returns the queries of real clients in a file.
func recorded(t testing.TB, file string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var all [][]byte
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			continue
		}
		p, err := hex.DecodeString(line)
		require.NoError(t, err)
		all = append(all, p)
	}
	return all
}

// malformed returns a query that is wrong in one or two ways, and that can make
// the server send nothing beyond loopback.
func malformed(r *rand.Rand, queries [][]byte) []byte {
	p := append([]byte(nil), queries[r.IntN(len(queries))]...)
	binary.BigEndian.PutUint32(p[atXID:], r.Uint32())
	binary.BigEndian.PutUint32(p[atCHAddr+2:], r.Uint32()%1000)
	for range 1 + r.IntN(2) {
		p = mutations[r.IntN(len(mutations))](r, p)
	}
	for _, at := range []int{atCIAddr, atGIAddr} {
		if len(p) >= at+4 && p[at] < 224 { // as they are: addresses that are none
			p[at] = 127 * byte(r.IntN(2))
			if p[at] == 0 {
				clear(p[at : at+4])
			}
		}
	}
	return p
}

// mutations each spoil a message in a way of its own. They may be given what
// another one has spoilt.
var mutations = []func(r *rand.Rand, p []byte) []byte{
	func(r *rand.Rand, p []byte) []byte { // bytes changed anywhere
		for range 1 + r.IntN(8) {
			set(p, r.IntN(400), byte(r.Uint32()))
		}
		return p
	},
	func(r *rand.Rand, p []byte) []byte { return p[:r.IntN(len(p)+1)] },
	func(r *rand.Rand, _ []byte) []byte { return random(r, r.IntN(1500)) },
	func(r *rand.Rand, p []byte) []byte { // beyond what the server takes
		return append(p, random(r, r.IntN(20_000))...)
	},
	func(r *rand.Rand, p []byte) []byte { // a header like a query's, noise for options
		return append(p[:min(len(p), atOptions)], random(r, r.IntN(600))...)
	},
	func(r *rand.Rand, p []byte) []byte { // an option longer or shorter than it says
		set(p, optionAt(r, p)+1, byte(r.Uint32()))
		return p
	},
	func(r *rand.Rand, p []byte) []byte { // an option of no length, such as the client identifier
		codes := []byte{50, 51, 53, 54, 55, 57, 61, 81, 82, 93, 118, 119, 121, 124, 125, byte(r.Uint32())}
		return insert(r, p, []byte{codes[r.IntN(len(codes))], 0})
	},
	func(r *rand.Rand, p []byte) []byte { // an option of any content
		n := r.IntN(256)
		return insert(r, p, append([]byte{byte(r.Uint32()), byte(n)}, random(r, n)...))
	},
	func(r *rand.Rand, p []byte) []byte { // the same option again and again
		code, n := byte(1+r.IntN(254)), r.IntN(100)
		for range 1 + r.IntN(15) {
			p = insert(r, p, append([]byte{code, byte(n)}, random(r, n)...))
		}
		return p
	},
	func(r *rand.Rand, p []byte) []byte { // a relay agent with much to say, and some of it wrong
		for range 1 + r.IntN(7) {
			info := random(r, 255)
			for at := 0; at+1 < len(info); at += 2 + r.IntN(20) {
				info[at], info[at+1] = byte(r.IntN(20)), byte(r.IntN(24))
			}
			p = insert(r, p, append([]byte{82, 255}, info...))
		}
		return p
	},
	func(r *rand.Rand, p []byte) []byte { // options in sname and file that say there are more in sname and file
		overload := []byte{52, 1, byte(1 + r.IntN(3))}
		for at := atSName; at+3 <= atCookie; at += 3 {
			copy(p[min(at, len(p)):], overload)
		}
		return insert(r, p, overload)
	},
	func(r *rand.Rand, p []byte) []byte { // no end, or one too early
		set(p, optionAt(r, p), []byte{0, 255}[r.IntN(2)])
		return p
	},
	func(r *rand.Rand, p []byte) []byte { set(p, atHLen, byte(r.Uint32())); return p },
	func(r *rand.Rand, p []byte) []byte { set(p, atCookie+r.IntN(4), byte(r.Uint32())); return p },
	func(r *rand.Rand, p []byte) []byte { // another kind of message
		return insert(r, p, []byte{53, 1, byte(r.IntN(20))})
	},
}

func random(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// set changes a byte, if there is one.
func set(p []byte, at int, value byte) {
	if at < len(p) {
		p[at] = value
	}
}

// optionAt returns where one of the options is.
func optionAt(r *rand.Rand, p []byte) int {
	at := atOptions
	for range r.IntN(6) {
		if at+1 >= len(p) || p[at] == 255 {
			break
		}
		at += 2 + int(p[at+1])
	}
	return at
}

// insert puts an option between others, most often as the first.
func insert(r *rand.Rand, p, option []byte) []byte {
	at := atOptions
	if r.IntN(4) == 0 {
		at = optionAt(r, p)
	}
	at = min(at, len(p))
	return append(p[:at:at], append(option, p[at:]...)...)
}
