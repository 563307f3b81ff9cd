package exampleapp

import (
	"html/template"
	"maps"
	"net/http"
	"slices"
)

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Inventory</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem } th, td { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left }
.off { color: #999 }
</style></head><body>
<h1>Inventory</h1>
{{range .}}<h2>{{.Tenant}}</h2>
<table><thead><tr><th>User name<th>Role<th>State<th>Fields<th>Assets<th>Devices</tr></thead><tbody>
{{range .Members}}<tr{{if not .Active}} class="off"{{end}}><td>{{.UserName}}<td>{{.Role}}<td>{{if .Active}}active{{else}}inactive{{end}}
<td>{{range $name, $value := .Fields}}{{$name}}: {{$value}}<br>{{end}}<td>{{range .Assets}}{{.}}<br>{{end}}<td>{{range .Devices}}{{.}}<br>{{end}}</tr>
{{else}}<tr><td colspan="6">no members</tr>
{{end}}</tbody></table>
{{else}}<p>Nobody has been provisioned yet.</p>
{{end}}</body></html>
`))

type pageTenant struct {
	Tenant  string
	Members []pageMember
}

type pageMember struct {
	Member
	Assets, Devices []string
}

// page shows the members to people.
func (a *App) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = page.Execute(w, a.pageTenants()) // to a browser that has gone
}

func (a *App) pageTenants() (list []pageTenant) {
	v := a.inventory
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, tenant := range slices.Sorted(maps.Keys(v.tenants)) {
		t := pageTenant{Tenant: tenant}
		for _, m := range v.members(tenant) {
			t.Members = append(t.Members, v.pageMember(tenant, m))
		}
		list = append(list, t)
	}
	return list
}

func (v *inventory) pageMember(tenant string, m Member) pageMember {
	shown := pageMember{Member: m}
	for _, name := range slices.Sorted(maps.Keys(v.assets)) {
		if v.assets[name] == (Asset{tenant, m.ID}) {
			shown.Assets = append(shown.Assets, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.devices)) {
		if d := v.devices[name]; d.Tenant == tenant && d.Member == m.ID {
			shown.Devices = append(shown.Devices, name+" ("+d.Policy+")")
		}
	}
	return shown
}
