package keajson

import (
	"fmt"
	"slices"
	"strings"
)

// unknown words the problem of a key that is not known, with what to do about
// it: mostly it is another spelling of one that is.
func unknown(key string, fields map[string][]int) string {
	plain := func(s string) string {
		return strings.TrimSuffix(strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(s)), "s")
	}
	known := make([]string, 0, len(fields))
	for k := range fields {
		known = append(known, k)
	}
	slices.Sort(known)
	best, least := "", maxSlips+1
	for _, k := range known {
		if n := slips(plain(key), plain(k)); n < least && n < len(plain(k))/3+1 {
			best, least = k, n
		}
	}
	if best != "" {
		return fmt.Sprintf("unknown key; is %q meant?", best)
	}
	return "unknown key"
}

// maxSlips is how many slips of the hand a key may have to be taken for another.
const maxSlips = 2

// slips is how many letters must be added, left out or replaced to make one text
// of another (Levenshtein); more than maxSlips are not told apart.
func slips(a, b string) int {
	if d := len(a) - len(b); d > maxSlips || -d > maxSlips {
		return maxSlips + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
