package hastatus

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets
var assets embed.FS

// drawing draws pages.
type drawing struct{ templates *template.Template }

func newDrawing() *drawing {
	return &drawing{template.Must(template.New("").ParseFS(assets, "assets/*.html"))}
}

// part draws a part of a page.
func (d *drawing) part(name string, data any) (string, error) {
	var b bytes.Buffer
	err := d.templates.ExecuteTemplate(&b, name, data)
	return b.String(), err
}

// assetTypes are the files that pages need, and what they are.
var assetTypes = map[string]string{
	"style.css": "text/css; charset=utf-8",
	"page.js":   "text/javascript; charset=utf-8",
}

// serveAsset answers with a file that pages need; false: there is no such.
func (d *drawing) serveAsset(w http.ResponseWriter, r *http.Request, name string) bool {
	kind, ok := assetTypes[name]
	text, err := assets.ReadFile(path.Join("assets", name))
	if l, found := iconLevel(name); found {
		kind, ok = "image/svg+xml", true
		text, err = []byte(icon(l)), nil
	}
	if !ok || err != nil {
		return false
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
	return true
}

// liveParts are the elements that follow what happens, by their ids, which are
// those of their templates.
var liveParts = []string{"now", "way", "pools"}

// shoot draws all parts that follow what happens.
func (p *Page) shoot() shot {
	v := p.see()
	s := shot{Title: v.Title, Level: v.Level.String(), At: v.At.Local().Format(time.RFC3339), Parts: make(map[string]string)}
	for _, id := range liveParts {
		html, err := p.draw.part(id, v)
		if err != nil {
			p.log.Error("the status page cannot be drawn", "part", id, "error", err)
			continue
		}
		s.Parts[id] = html
	}
	return s
}

// serveWhole answers with all of the page.
func (p *Page) serveWhole(w http.ResponseWriter, r *http.Request) {
	v := p.see()
	v.Leases = p.leasesOf(r)
	v.Refreshes = r.URL.RawQuery == ""
	v.Open = exposed(r)
	p.serve(w, "page", v)
}

// serveLeases answers with the leases that are searched.
func (p *Page) serveLeases(w http.ResponseWriter, r *http.Request) {
	leases := p.leasesOf(r)
	if leases == nil {
		http.NotFound(w, r)
		return
	}
	p.serve(w, "found", leases)
}

func (p *Page) serve(w http.ResponseWriter, name string, data any) {
	html, err := p.draw.part(name, data)
	if err != nil {
		p.log.Error("the status page cannot be drawn", "part", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(html)) // who has gone does not read it
}

// iconLevel returns the level that an icon, such as icon-fine.svg, is for.
func iconLevel(name string) (level, bool) {
	name, ok := strings.CutPrefix(name, "icon-")
	for l := fine; l <= alarm; l++ {
		if ok && name == l.String()+".svg" {
			return l, true
		}
	}
	return 0, false
}

// icon draws what a browser shows beside the title: a colour and a form.
func icon(l level) string {
	colour := [...]string{"", "#1a7f4b", "#2563c9", "#b26a00", "#c62828"}[l]
	form := [...]string{"",
		`<path d="M9 16.5l5 5 9.5-11" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/>`,
		`<path d="M9 16h13M16.5 9.5l6.5 6.5-6.5 6.5" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/>`,
		`<path d="M16 8v10M16 23.5v.1" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/>`,
		`<path d="M10 10l12 12M22 10L10 22" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round"/>`,
	}[l]
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="` + colour + `"/>` + form + `</svg>`
}
