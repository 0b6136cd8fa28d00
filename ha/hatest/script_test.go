package hatest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// everyStep has each kind of step at least once.
const everyStep = `0s clients 8
0s delay server1 server2 1ms 20ms
0.000000001s lose clients server1 20%
1s duplicate server2 clients 12.5%
2s drift server2 -200ppm
12.5s kill server1
14s cut server1 server2
14.25s join server1 server2
15s cutboth server1 server2
16s joinboth server1 server2
17s joinall
20s disk server2 full
21s disk server2 fails
21.1s disk server2 unsynced
21.2s disk server2 lies
22s disk server2 slow 300ms
23s disk server2 works
30s clock server2 +90s
31s command server2 ha-maintenance-start
32s command server2 ha-scopes {"scopes":["server2"]}
33s client 0 release
34s client 1 decline
35s client 2 reboot
36s client 3 leave
37s client 3 return
41s start server1
42s stop server2
3600s poweroff server1
`

func TestScriptText(t *testing.T) {
	s, err := ParseScript("# what has happened\n\n" + everyStep)
	require.NoError(t, err)
	require.Equal(t, everyStep, s.String())
	require.Equal(t, Step{At: 14250 * time.Millisecond, Do: "join", Args: []string{"server1", "server2"}}, s[7])
	kinds := map[string]bool{}
	for _, step := range s {
		kinds[step.Do] = true
	}
	require.Len(t, kinds, len(steps))
}

func TestScriptMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"12 kill server1":                   `line 1: "12" is not the time of a step, such as 12.5s`,
		"-1s kill server1":                  `"-1s" is not the time of a step`,
		"\n1s":                              "line 2: there is nothing to be done",
		"1s explode server1":                `there is no step "explode"`,
		"1s kill":                           "the node is missing",
		"1s kill server1 server2":           `"server2" is too much`,
		"1s cut server1":                    "where it ends is missing",
		"1s cut server1 server1":            "from server1 to server1 there is no way",
		"1s delay server1 server2 2s 1s":    "2s is more than 1s",
		"1s delay server1 server2 -2s 1s":   "the least delay is negative",
		"1s lose server1 server2 1.2":       `"1.2" is not a share, such as 20%`,
		"1s lose server1 server2 120%":      `"120%" is not a share`,
		"1s lose server1 server2 NaN%":      `"NaN%" is not a share`,
		"1s disk server1 melts":             `a disk is not "melts"`,
		"1s disk server1 slow":              "the time of a write is missing",
		"1s clock server1 soon":             `"soon" is not the offset, such as 1.5s`,
		"1s drift server1 200":              `"200" is not a rate, such as +200ppm`,
		"1s drift server1 -1000000ppm":      "is not a rate",
		"1s command server1 ha-scopes {\"a": `is no JSON`,
		"1s clients many":                   `"many" is not a number from 0 to 10000`,
		"1s clients 10001":                  `"10001" is not a number from 0 to 10000`,
		"1s client 1 dances":                `a client does not "dances"`,
	} {
		_, err := ParseScript(text)
		require.ErrorContains(t, err, want, text)
	}
	_, err := Step{Do: "kill", Args: []string{"server 1"}}.action()
	require.EqualError(t, err, `"server 1" is not one word`)
}

// FuzzParseScript: whatever is read is written as it was read.
func FuzzParseScript(f *testing.F) {
	f.Add(everyStep)
	f.Add("1h2m3.000000004s  kill\tserver1\n\n#\n5us command a b [1]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScript(text)
		if err != nil {
			return
		}
		again, err := ParseScript(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

// TestPlay: each step is done when its time has come, in order, whatever the
// order it was written in; what already is is no mistake.
func TestPlay(t *testing.T) {
	s, err := ParseScript(`
		2s start server1
		1s kill server1
		1.5s kill server1
		3s start server1`)
	require.NoError(t, err)
	Run(t, Config{Seed: 1}, func(w *World) {
		w.Start()
		began := time.Now()
		done := make(chan []bool)
		go func() {
			var seen []bool
			for _, at := range []time.Duration{900, 1100, 1600, 2100} {
				time.Sleep(time.Until(began.Add(at * time.Millisecond)))
				seen = append(seen, w.Node("server1").Running())
			}
			done <- seen
		}()
		w.Play(s)
		require.Equal(t, 3*time.Second, time.Since(began))
		require.Equal(t, []bool{true, false, false, true}, <-done)
	})
}
