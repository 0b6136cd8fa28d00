package main

import (
	"encoding/binary"
	"math/rand/v2"
)

// Where things are in a DHCPv6 message (RFC 9915, sections 8 and 9).
const (
	atXID6      = 1
	atOptions6  = 4
	atDUID6     = 8 // the client identifier is the first option of what is recorded
	relayOption = 9
)

// malformed6 is [malformed] for DHCPv6. Most of what it returns is relayed,
// because the server takes little from clients themselves by unicast.
func malformed6(r *rand.Rand, queries [][]byte) []byte {
	p := append([]byte(nil), queries[r.IntN(len(queries))]...)
	binary.BigEndian.PutUint16(p[atXID6:], uint16(r.Uint32()))
	binary.BigEndian.PutUint16(p[atDUID6+4:], uint16(r.IntN(1000)))
	for range 1 + r.IntN(2) {
		p = mutations6[r.IntN(len(mutations6))](r, p)
	}
	if r.IntN(10) > 0 {
		p = wrapped(p, 0)
	}
	return p
}

// wrapped is what a relay agent at ::1 makes of a message. What does not fit
// into the option is left out.
func wrapped(p []byte, hops byte, options ...byte) []byte {
	out := make([]byte, 34, 64+len(p))
	out[0], out[1], out[17], out[18], out[19] = 12, hops, 1, 0xfe, 0x80
	return append(append(out, options...), option6(relayOption, p)...)
}

func option6(code uint16, value []byte) []byte {
	value = value[:min(len(value), 0xffff)]
	out := binary.BigEndian.AppendUint16(nil, code)
	return append(binary.BigEndian.AppendUint16(out, uint16(len(value))), value...)
}

// code6 is that of an option that the server reads or, at times, of any.
func code6(r *rand.Rand) uint16 {
	known := []uint16{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 15, 16, 17, 18, 20, 25, 26, 37, 38, 39, 61, 66, 67, 79, 135, 148, uint16(r.Uint32())}
	return known[r.IntN(len(known))]
}

// mutations6 are [mutations] for DHCPv6.
var mutations6 = []func(r *rand.Rand, p []byte) []byte{
	func(r *rand.Rand, p []byte) []byte { // bytes changed anywhere
		for range 1 + r.IntN(8) {
			set(p, r.IntN(200), byte(r.Uint32()))
		}
		return p
	},
	func(r *rand.Rand, p []byte) []byte { return p[:r.IntN(len(p)+1)] },
	func(r *rand.Rand, _ []byte) []byte { return random(r, r.IntN(1500)) },
	func(r *rand.Rand, p []byte) []byte { // beyond what the server takes
		return append(p, random(r, r.IntN(20_000))...)
	},
	func(r *rand.Rand, p []byte) []byte { // a header like a query's, noise for options
		return append(p[:min(len(p), atOptions6)], random(r, r.IntN(600))...)
	},
	func(r *rand.Rand, p []byte) []byte { // an option longer or shorter than it says
		set(p, optionAt6(r, p)+2+r.IntN(2), byte(r.Uint32()))
		return p
	},
	func(r *rand.Rand, p []byte) []byte { // an option of no length, or of any content
		return insert6(r, p, option6(code6(r), random(r, r.IntN(2)*r.IntN(300))))
	},
	func(r *rand.Rand, p []byte) []byte { // the same option again and again
		option := option6(code6(r), random(r, r.IntN(60)))
		for range 1 + r.IntN(30) {
			p = insert6(r, p, option)
		}
		return p
	},
	func(r *rand.Rand, p []byte) []byte { // identity associations within each other
		code, inner := []uint16{3, 25}[r.IntN(2)], []byte(nil)
		for range 1 + r.IntN(300) {
			inner = option6(code, append(make([]byte, 12), inner...))
		}
		return insert6(r, p, inner)
	},
	func(r *rand.Rand, p []byte) []byte { // many identity associations, with addresses that are none
		for i := range 1 + r.IntN(200) {
			ia := append([]byte{0, 0, 0, byte(i)}, make([]byte, 8)...)
			p = append(p, option6([]uint16{3, 25}[r.IntN(2)], append(ia, option6([]uint16{5, 26, 13}[r.IntN(3)], random(r, 20+r.IntN(8)))...))...)
		}
		return p
	},
	func(r *rand.Rand, p []byte) []byte { // one relay agent after the other, some with much to say
		for i := range 1 + r.IntN(40) {
			p = wrapped(p, byte(i), option6(code6(r), random(r, r.IntN(40)))...)
		}
		return p
	},
	func(r *rand.Rand, p []byte) []byte { // a relayed message that is cut short
		p = wrapped(p, byte(r.Uint32()))
		return p[:r.IntN(len(p)+1)]
	},
	func(r *rand.Rand, p []byte) []byte { set(p, 0, byte(r.IntN(40))); return p }, // another kind of message
}

// optionAt6 returns where one of the options is.
func optionAt6(r *rand.Rand, p []byte) int {
	at := atOptions6
	for range r.IntN(6) {
		if at+4 > len(p) {
			break
		}
		at += 4 + int(binary.BigEndian.Uint16(p[at+2:]))
	}
	return at
}

// insert6 puts an option between others, most often as the first.
func insert6(r *rand.Rand, p, option []byte) []byte {
	at := atOptions6
	if r.IntN(4) == 0 {
		at = optionAt6(r, p)
	}
	at = min(at, len(p))
	return append(p[:at:at], append(append([]byte(nil), option...), p[at:]...)...)
}
