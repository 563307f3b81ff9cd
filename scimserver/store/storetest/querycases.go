package storetest

// queryCases are searches by type and filter.
const queryCases = `
User: userName eq "ANN0"
User: userName eq ""
User: userName ne "ann0"
User: userName co ""
User: userName sw "A"
User: userName ew "1"
User: userName gt "b"
User: userName le "b"
User: userName ge ""
User: userName pr
User: userName eq null
User: externalId eq "Ann"
User: externalId ne "Ann"
User: externalId eq ""
User: externalId sw "a"
User: externalId pr
User: externalId lt "b"
User: id eq "Id-0"
User: id eq "id-0"
User: id sw "0190"
User: id co "-7000-"
User: id ne "Id-0"
User: id ew "1"
User: id pr
User: id ne null
User: displayName eq "ann"
User: displayName pr
User: emails.value eq "ann@example.com"
User: emails.value eq ""
User: emails.value ne "ann@example.com"
User: emails eq "ann"
User: emails co "@example"
User: emails[type eq "work"].value eq "ann"
User: emails[type eq "work" and value eq "ann"]
User: emails[type eq "work" or value eq "ann"]
User: emails[not (type eq "work")]
User: emails[value eq "ann" and value eq "Ann"]
User: emails[primary eq true].value pr
User: emails pr
User: emails eq null
User: emails[display pr]
User: emails[display eq null]
User: emails.display ne "a"
User: emails.primary eq true
User: emails.primary ne true
User: emails.primary eq false
User: active eq true
User: active eq false
User: active ne true
User: active ne false
User: active pr
User: name.familyName eq "ss"
User: name.familyName co "k"
User: name[givenName pr]
User: name[givenName eq null]
User: name pr
User: name eq null
User: name.givenName ne "ann"
User: title eq "%"
User: title co "%"
User: title co "_"
User: title sw "a_"
User: title ew ""
User: title co "*"
User: title eq "\\"
User: title eq "'"
User: title co "\""
User: schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"
User: schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
User: schemas co "enterprise"
User: schemas[value sw "urn"]
User: meta.created eq "2026-01-01T00:00:00Z"
User: meta.created gt "2026-01-01T00:00:00Z"
User: meta.created ge "2026-01-01T00:00:00.0005Z"
User: meta.created lt "2026-01-01T00:00:00.0005Z"
User: meta.created le "2026-01-01T00:00:00.0005Z"
User: meta.created gt "2026-01-01T00:00:00.0005Z"
User: meta.created eq "2026-01-01T00:00:00.0005Z"
User: meta.created ne "2026-01-01T00:00:00.0005Z"
User: meta.lastModified lt "2026-01-01T01:00:00+01:00"
User: meta.lastModified pr
User: meta.version eq "W/\"1\""
User: meta.resourceType eq "User"
User: meta.resourceType eq "Group"
User: meta.location eq "https://scim.example.com/acme-ns/acme/scim/v2/Users/Id-0"
User: meta.location sw "https://scim.example.com/"
User: meta[created gt "2026-01-01T00:00:00Z" and version eq "W/\"1\""]
User: meta pr
User: meta eq null
User: groups pr
User: groups eq null
User: groups.value eq "01900000-0000-7000-8000-000000000003"
User: groups.value ne "01900000-0000-7000-8000-000000000003"
User: groups.value sw "0190"
User: groups.type eq "direct"
User: groups.type eq "indirect"
User: groups.type ne "direct"
User: groups[type eq "indirect" and display sw "a"]
User: groups.display co "A"
User: groups.$ref sw "https://scim.example.com/acme-ns/acme/scim/v2/Groups/"
User: groups[value eq "01900000-0000-7000-8000-000000000003" and type eq "direct"]
User: urn:example:scim:schemas:extension:acme:2.0:User:one0 eq "ann"
User: urn:example:scim:schemas:extension:acme:2.0:User:one0 ne "ann"
User: urn:example:scim:schemas:extension:acme:2.0:User:one1 ne true
User: urn:example:scim:schemas:extension:acme:2.0:User:one2 eq 1
User: urn:example:scim:schemas:extension:acme:2.0:User:one2 gt 9007199254740992
User: urn:example:scim:schemas:extension:acme:2.0:User:one2 ne 1.5
User: urn:example:scim:schemas:extension:acme:2.0:User:many2 eq 0.1
User: urn:example:scim:schemas:extension:acme:2.0:User:many2[value gt 1 and value lt 10]
User: urn:example:scim:schemas:extension:acme:2.0:User:many1 eq true
User: urn:example:scim:schemas:extension:acme:2.0:User:many1[value eq false]
User: urn:example:scim:schemas:extension:acme:2.0:User:many4 lt "2026-01-01T00:00:00Z"
User: urn:example:scim:schemas:extension:acme:2.0:User:one4 ne "2026-01-01T00:00:00Z"
User: urn:example:scim:schemas:extension:acme:2.0:User:several.tags eq "ann"
User: urn:example:scim:schemas:extension:acme:2.0:User:several.tags ne "ann"
User: urn:example:scim:schemas:extension:acme:2.0:User:several[tags eq "a" and type pr]
User: urn:example:scim:schemas:extension:acme:2.0:User:several[tags eq null]
User: urn:example:scim:schemas:extension:acme:2.0:User:single.tags pr
User: urn:example:scim:schemas:extension:acme:2.0:User:single[tags eq "a"]
User: urn:example:scim:schemas:extension:acme:2.0:User:exact$-_ eq "Ann"
User: urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value pr
User: urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "ann"
Group: displayName eq "ann0"
Group: displayName sw "a"
Group: displayName lt "b"
Group: externalId eq "ann"
Group: members pr
Group: members eq null
Group: members.value eq "01900000-0000-7000-8000-000000000001"
Group: members.value ne "01900000-0000-7000-8000-000000000001"
Group: members[value eq "01900000-0000-7000-8000-000000000001"]
Group: members[value eq "01900000-0000-7000-8000-000000000001" and type eq "Group"]
Group: members[type eq "Group"]
Group: members[not (type eq "User")]
Group: members.type eq "user"
Group: members.display co "a"
Group: members.$ref ew "/Users/Id-0"
Group: members.display pr
Group: meta.version ne "W/\"1\""
Group: id eq "Id-15" or members.value eq "Id-15"
Group: displayName eq "ann0" and members.value eq "Id-0"
`
