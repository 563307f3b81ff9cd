package sqlite

import "github.com/scim-operator/scim-operator/scimserver/store/sqlite/conn"

var functions = []*conn.Function{}
