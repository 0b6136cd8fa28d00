package hastatus

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
)

// screenshots has TestLooks write what it sees:
//
//	go test -run TestLooks ./ha/hastatus -args -screenshots /tmp
var screenshots = flag.String("screenshots", "", "write pictures of the page to this `folder`")

// serve serves a scene, whose servers have come a way.
func serve(t testing.TB, s *scene) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(s)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		server.Close()
	})
	return server.URL + "/"
}

// came is the way of a pair that began some hours ago; whose states differ from
// the last of it will come to them.
func came(s *scene) {
	s.history.began = night.Add(-26 * time.Hour)
	names := []string{s.status.Relationships[0].Server, s.status.Relationships[0].Partner.Name}
	for _, name := range names {
		at := night.Add(-26 * time.Hour)
		for i, state := range []ha.State{ha.StateWaiting, ha.StateSyncing, ha.StateReady, ha.StateHotStandby} {
			s.history.note(name, entry{At: at.Add(time.Duration(i) * 4 * time.Second), State: state})
		}
	}
	if r := s.status.Relationships[0]; r.State == ha.StatePartnerDown {
		s.history.note(names[1], entry{At: night.Add(-9*time.Minute - 2*time.Second), State: ha.StateUnavailable})
		s.history.note(names[0], entry{At: night.Add(-8*time.Minute - 12*time.Second), State: ha.StatePartnerDown, Serves: []string{"server1"}})
	}
}

// The page at all sizes, in both colours, with the partner alive and dead: it
// fits, and says what it has to.
func TestLooks(t *testing.T) {
	b := startBrowser(t)
	hub := with(pair(), func(_ *ha.Status, r *ha.RelationshipStatus) {
		r.Peers = append(r.Peers, ha.PeerStatus{Name: "server3", Role: ha.Backup, Kind: ha.KindOurs, Pending: 4, Error: "dial tcp 192.0.2.3:8000: i/o timeout"})
		r.Partner.ConfigDiffers = true
	})
	full := with(pair(), func(st *ha.Status, r *ha.RelationshipStatus) {
		st.StoreFailed, r.State, r.Idle, r.Serves, r.Waits = true, ha.StateWaiting, "leases cannot be made durable here", nil, "the lease database, which cannot be written"
		r.Partner.State, r.Partner.Serves = ha.StatePartnerDown, []string{"server1"}
	})
	for name, c := range map[string]struct {
		status   ha.Status
		headline string
		badge    string
	}{
		"alive":    {pair(), "server1 serves all clients.", "All is well"},
		"dead":     {dead(), "server2 serves all clients alone.", "Needs a look"},
		"takeover": {falls(seenByStandby(), 37*time.Second, &ha.Takeover{In: 23 * time.Second}), "server1 does not answer.", "Needs a look"},
		"hub":      {hub, "server1 serves all clients.", "Needs a look"},
		"full":     {full, "This server cannot write leases.", "Act now"},
	} {
		s := newScene(t, c.status)
		came(s)
		s.add(t, crowd()...)
		url := serve(t, s)
		for _, width := range []int{360, 1440} {
			for _, scheme := range []string{"light", "dark"} {
				b.size(width, 900, scheme)
				b.open(url)
				b.until(`document.getElementById("live").classList.contains("on")`)
				require.Equal(t, c.headline, b.text("h1"))
				require.Equal(t, c.badge, b.text(".badge"))
				var wide int
				b.value("document.documentElement.scrollWidth", &wide)
				require.LessOrEqual(t, wide, width, "%s at %d", name, width)
				b.readable()
				if *screenshots != "" {
					file := filepath.Join(*screenshots, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
					require.NoError(t, os.WriteFile(file, b.picture(width, map[int]int{360: 2000, 1440: 1200}[width]), 0o644))
				}
			}
		}
	}
	b.calm()
}

// readable demands of every text that it stands out against what is behind it:
// by 4.5, as WCAG 2.2 has it (1.4.3).
func (b *browser) readable() {
	b.t.Helper()
	var bad []string
	b.value(`(() => {
		const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
		const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
		const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
		const behind = e => {
			for (; e; e = e.parentElement) {
				const c = rgba(e.closest("svg.part") ? getComputedStyle(e.closest("svg.part").querySelector("rect")).fill : getComputedStyle(e).backgroundColor);
				if (c[3] === 255) return c;
			}
			return [255, 255, 255];
		};
		const bad = [];
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		for (let n; n = texts.nextNode();) {
			const e = n.parentElement;
			if (!n.data.trim() || e.closest("title") || !e.checkVisibility()) continue;
			const style = getComputedStyle(e);
			const [a, z] = [light(rgba(e.namespaceURI.endsWith("svg") ? style.fill : style.color)), light(behind(e))];
			const ratio = (Math.max(a, z) + .05) / (Math.min(a, z) + .05);
			if (ratio < 4.5) bad.push(n.data.trim() + ": " + ratio.toFixed(2));
		}
		return bad;
	})()`, &bad)
	require.Empty(b.t, bad)
}

// The page follows what happens, keeps what the reader has opened, and says when
// the server is gone.
func TestFollows(t *testing.T) {
	b := startBrowser(t)
	s := newScene(t, pair())
	came(s)
	s.add(t, crowd()...)
	ctx, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(s)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	b.size(1440, 900, "light")
	b.open(server.URL + "/")
	b.until(`document.getElementById("live").classList.contains("on")`)
	b.value(`(document.querySelector("details").open = true, document.getElementById("q").focus(), window.kept = document.querySelector("h1"))`, nil)

	s.becomes(falls(pair(), 20*time.Second, &ha.Takeover{In: 40 * time.Second}))
	b.until(`document.querySelector("h1").innerText === "server2 does not answer."`)
	require.Contains(t, b.text(".answers"), "In 40 s")
	require.Contains(t, b.text(".todo"), "Start server2")
	require.Contains(t, b.text(".link"), "silent for 20 s")
	require.Equal(t, "Live", b.text("#live-text"))
	var state struct {
		Title, Icon, Focus string
		Open, Kept         bool
	}
	b.value(`({title: document.title, icon: document.getElementById("icon").getAttribute("href"), focus: document.activeElement.id,
		open: document.querySelector("details").open, kept: window.kept === document.querySelector("h1")})`, &state)
	require.Equal(t, "Needs a look · server1", state.Title)
	require.Equal(t, "icon-wary.svg", state.Icon)
	require.Equal(t, "q", state.Focus)
	require.True(t, state.Open, "it was opened by the reader")
	require.True(t, state.Kept, "what is being read is not replaced")

	stop()
	require.NoError(t, <-ended)
	server.Close()
	b.value("heard = 0", nil) // as if that were long ago
	b.until(`document.body.classList.contains("stale")`)
	require.Contains(t, b.text("#lost"), "This server has not been heard since")
	require.Contains(t, b.text("#live-text"), "As of")
	if *screenshots != "" {
		require.NoError(t, os.WriteFile(filepath.Join(*screenshots, "gone.png"), b.picture(1440, 1200), 0o644))
	}
}

// Searching, with scripts and by keys.
func TestSearchInBrowser(t *testing.T) {
	b := startBrowser(t)
	s := newScene(t, pair())
	s.add(t, crowd()...)
	b.size(1440, 900, "light")
	b.open(serve(t, s))
	var rows int
	count := `document.querySelectorAll("tbody tr").length`
	b.value(count, &rows)
	require.Equal(t, pageSize, rows)

	b.press("Tab", 9)
	var focus string
	b.value("document.activeElement.className", &focus)
	require.Equal(t, "skip", focus)
	b.press("Enter", 13)
	b.press("Tab", 9)
	b.value("document.activeElement.id", &focus)
	require.Equal(t, "q", focus)
	b.call("Input.insertText", map[string]any{"text": "camera-1"}, nil)
	b.until(count + ` === 1`)
	b.value(`document.getElementById("q").value = ""`, nil)
	b.press("Enter", 13)
	b.until(count + ` === 50`)
	b.value(`document.querySelector("a[rel=next]").focus()`, nil)
	b.press("Enter", 13)
	b.until(`document.querySelector("tbody th").innerText === "192.0.2.60"`)
	b.value("history.back()", nil)
	b.until(`document.querySelector("tbody th").innerText === "192.0.2.10"`)
	b.calm()
}

// Without scripts all is there, and what clients choose is text with them and
// without.
func TestWithoutScripts(t *testing.T) {
	b := startBrowser(t)
	st := dead()
	st.Relationships[0].Peers[0].Error = hostile[0]
	s := newScene(t, st)
	came(s)
	for i, name := range hostile {
		l := leaseOf("192.0.2.10", i, name)
		for range i {
			l.Addr = l.Addr.Next()
		}
		s.add(t, l)
	}
	url := serve(t, s)
	b.size(360, 800, "dark")
	b.open(url)
	b.until(`document.getElementById("live").classList.contains("on")`)
	var scripts, images, wide int
	b.value(`document.scripts.length`, &scripts)
	b.value(`document.images.length`, &images)
	b.value("document.documentElement.scrollWidth", &wide)
	require.Equal(t, []int{1, 0}, []int{scripts, images})
	require.LessOrEqual(t, wide, 360)
	require.Contains(t, b.text("tbody"), hostile[0])
	b.calm()

	b.scripts(false)
	b.open(url + "?q=")
	var text string
	b.value("document.body.innerText", &text)
	for _, want := range []string{"server2 serves all clients alone.", "Is server1 running", "192.0.2.10", hostile[0]} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "Live")
}
