\echo Use "CREATE EXTENSION crm_lifecycle" to load this file. \quit
