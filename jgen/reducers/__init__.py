"""reducers"""
